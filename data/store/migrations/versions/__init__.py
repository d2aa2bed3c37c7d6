"""Revisions of the tables, one file a schema version."""
