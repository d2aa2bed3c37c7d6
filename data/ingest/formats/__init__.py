"""Formats: results of trackers, trainings and benchmarks as tables to ingest."""
