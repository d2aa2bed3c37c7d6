"""Ingestion: tables, model cards and trackers become records."""
