"""Parts of the baseline Gaussian process, and the network that embeds nodes without accuracies."""
