"""How facts come in: tables, model cards and trackers become records."""
