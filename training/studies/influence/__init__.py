"""Study: whether removing source classes does what their influence says."""
