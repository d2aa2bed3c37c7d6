"""Transferability scores: pure functions of tensors, one file each."""
