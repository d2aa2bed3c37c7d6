"""Which models are compared in a ranking, what they cost, and which of them stand for others."""
