"""Staging: any number of records come into the store as one batch, and lock it for short whiles only."""
