"""The product's predictor and its members."""
