"""Labelled tasks of any modality: samples with classes, their splits, and where they come from."""
