"""What do we know? Cards, records, texts and images."""
