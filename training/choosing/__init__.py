"""Choosing under a budget: what to measure next, so that the model that is picked in the end loses little."""
