"""What can predict an edge: graph networks, Gaussian processes and every baseline."""
