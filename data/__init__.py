"""What is known: records, the store they are kept in, texts, images and networks."""
