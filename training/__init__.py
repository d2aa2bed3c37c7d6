"""How a predictor is fitted, measured, calibrated, kept and asked."""
