"""How a user's own models are measured on own images: scores, heads, fine-tuning."""
