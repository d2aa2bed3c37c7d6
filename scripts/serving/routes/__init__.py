"""Routes of the server: what each address answers."""
