"""Graph networks trained on episodes and read."""
