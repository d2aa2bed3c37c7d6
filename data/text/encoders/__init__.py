"""Encoders of texts: found in a folder, read without running what lies there, and asked for vectors."""
