"""Training of graph networks, and their predictions."""
