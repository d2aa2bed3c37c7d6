"""The product's predictor: how it is trained and calibrated, and what it says."""
