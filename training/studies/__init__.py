"""Research on the project's own zoos; nothing else imports it."""
