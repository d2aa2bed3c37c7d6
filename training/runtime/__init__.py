"""Trainer, threads, processes and progress: how work runs, whatever it is."""
