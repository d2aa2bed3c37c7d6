"""Study: what explains how far fine-tuning moves parameters."""
