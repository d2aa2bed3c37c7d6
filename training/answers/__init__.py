"""How a predictor is asked: predict, recommend, explain."""
