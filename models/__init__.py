"""What can predict an edge? The graph neural network and every baseline."""
