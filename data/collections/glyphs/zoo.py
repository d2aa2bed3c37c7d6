"""The shipped glyph zoo: tables measured by this project, apart from the record of practitioners' models."""

from __future__ import annotations

from pathlib import Path

from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.records.zoo import Zoo
from zoograph.data.text.table import TextTable


def glyph_folder() -> Path:
    """Return the folder of its tables, inside the package."""
    return shipped_zoo() / "glyphs"


def read_glyph_zoo() -> Zoo:
    """Return its cards and records.

    Raises:
        RawDataError: if a table is missing or damaged.
    """
    return Zoo.of(read_tables(glyph_folder()))


def read_glyph_texts() -> TextTable:
    """Return the embeddings of all its texts.

    Raises:
        EncoderError: if the table is missing or damaged.
    """
    return TextTable.load(glyph_folder() / "text.safetensors")
