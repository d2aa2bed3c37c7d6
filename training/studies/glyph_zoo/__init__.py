"""How the glyph zoo is measured."""
