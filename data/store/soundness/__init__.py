"""Soundness: whether what is in the store is what was stored, and what becomes of what is not."""
