"""Small zoos and a text encoder for tests, of hand-written or random numbers."""
