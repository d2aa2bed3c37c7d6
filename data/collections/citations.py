"""Citations: what the shipped page says of each source of cards and records."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

CITATIONS = "CITATIONS.md"
_SECTION = re.compile(r"^## `([^`]+)`$", re.MULTILINE)


@cache
def read_citations(path: Path | None = None) -> dict[str, str]:
    """Return the section of each source, without its heading.

    Args:
        path: default: the page that ships.
    """
    path = path or Path(__file__).parents[1] / "zoo" / CITATIONS
    _, *parts = _SECTION.split(path.read_text(encoding="utf-8").partition("\n## Software\n")[0])
    return {source: text.strip() for source, text in zip(parts[::2], parts[1::2], strict=True)}


def summarise(source: str) -> str | None:
    """Return the first paragraph of a source's section, in one line; None for a source that is not of the shipped zoo.

    >>> summarise("ilsvrc2012")[:23]
    'The size of ImageNet-1k'
    """
    section = read_citations().get(source)
    return None if section is None else " ".join(section.partition("\n\n")[0].split())
