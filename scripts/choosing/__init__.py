"""What ``choose`` prints, draws and writes, and the benchmark that replays it."""
