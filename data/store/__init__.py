"""The record store: a database with transactions and migrations."""
