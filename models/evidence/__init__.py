"""Evidence: one Gaussian process over everything that was measured of models and datasets, under every protocol."""
