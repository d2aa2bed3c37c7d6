"""Graphs that are larger than what fits in objects: memory-mapped tables, and neighbourhoods drawn from them."""
