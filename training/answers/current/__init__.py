"""What answers now: the predictor of a store, or a baseline where there are few records."""
