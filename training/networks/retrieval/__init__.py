"""The best of very many models: vectors of all, hidden runs as evidence, and answers with intervals."""
