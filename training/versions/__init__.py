"""Predictors on disk: saved, loaded, listed, pruned."""
