"""How a new version is trained, compared with the current one, and promoted or not."""
