"""Executors: the same tasks run in this process, in several ones, or on a cluster of Ray."""
