"""The glyph zoo: drawn characters as tasks, small models, and what was measured of them."""
