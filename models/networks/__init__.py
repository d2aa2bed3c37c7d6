"""Graph neural networks: encoders of nodes, message passing and decoders of edges."""
