"""How what is known is connected: the graph, its splits, and the numbers that edges carry."""
