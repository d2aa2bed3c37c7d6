"""Baselines that every method is held against, behind the same interface."""
