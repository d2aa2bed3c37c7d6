"""Texts of cards and labels, their encoders, and tables of embeddings."""
