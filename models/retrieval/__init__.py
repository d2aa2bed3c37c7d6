"""The best of very many models: an index that finds candidates, and a posterior that judges them."""
