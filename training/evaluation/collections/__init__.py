"""The benchmark of every collection: what is left out of it, what is asked, and how answers are judged."""
