"""Checkpoints: those of others, read without running code and fitted to a network of timm; and fine-tuned models."""
