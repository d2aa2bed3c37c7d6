"""Predicts how well a pre-trained model will do on a dataset it was never fine-tuned on."""
