"""The server: a REST API over the answers of the Python face, and a page that asks it."""
