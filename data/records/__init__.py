"""Records: cards, runs, scores, names, and a zoo of them in memory."""
