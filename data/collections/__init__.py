"""Public collections of measurements, one file each, and the shipped tables."""
