"""Parameter distance between pre-trained, fine-tuned and random weights."""
