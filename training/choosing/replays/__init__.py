"""Choices replayed on measured collections: what each policy would have lost."""
