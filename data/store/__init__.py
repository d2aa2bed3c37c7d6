"""Where facts are kept: a database with transactions and migrations."""
