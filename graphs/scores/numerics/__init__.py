"""The numerics that scores share: optimal transport, softmax regression, moments."""
