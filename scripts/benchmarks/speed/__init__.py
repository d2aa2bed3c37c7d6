"""Benchmarks of time: scores, devices, ingest and the answer that is asked for most."""
