"""How methods are judged: metrics, benchmarks and their tables."""
