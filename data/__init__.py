"""Data: records and their store, texts, images and networks."""
