"""Campaigns: many models on many datasets, planned before they begin and taken up again for weeks."""
