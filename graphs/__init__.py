"""How is it connected? The graph builder and what may be seen of it."""
