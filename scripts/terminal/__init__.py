"""What commands share at a terminal: options, progress and tables."""
