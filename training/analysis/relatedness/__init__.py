"""Task relatedness on a user's own images, and its use as a ranking."""
