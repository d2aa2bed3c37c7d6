"""Pictures of results, one file a kind."""
