"""How models, datasets, metrics and scores are called, and by which other names they are known."""
