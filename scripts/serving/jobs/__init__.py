"""Work that takes minutes: each job is a process of its own, which the server starts, watches and ends."""
