"""Gaussian processes of the predictor: kernels, covariances and exact inference."""
