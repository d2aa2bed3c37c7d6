"""Commands of many models on many datasets: where they run, what is planned, and what became of it."""
