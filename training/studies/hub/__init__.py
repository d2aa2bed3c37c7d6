"""What a hub costs by its size: its graph, a training epoch, vectors of all models, and the best of them."""
