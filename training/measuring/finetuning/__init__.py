"""Full fine-tuning of one network on one task, which can be taken up again."""
