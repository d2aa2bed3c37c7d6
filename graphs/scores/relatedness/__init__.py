"""Task relatedness by optimal transport and the bound that follows from it."""
