"""Published analyses of transfer, run on a user's own models and images."""
