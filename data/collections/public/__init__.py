"""Public collections of measured results, one file each: raw tables in, a collection out."""
