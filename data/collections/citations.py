"""Citations: what the shipped page says of each source of cards and records."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

CITATIONS = "CITATIONS.md"
_COMMIT = re.compile(r"commit\s+`?([0-9a-f]{7,8})\b`?(?:,\s+(\d{4}-\d\d-\d\d))?")
_LICENCE = re.compile(r"\b(?:Apache-2\.0|MIT|BSD-3-Clause|CC0-1\.0|CC-BY(?:-\w+)*-\d\.\d)\b")
_SECTION = re.compile(r"^## `([^`]+)`$", re.MULTILINE)


class Origin(NamedTuple):
    """What a source's page says of where its tables come from.

    Attributes:
        licences: of what was taken, as its authors state them; none where none is stated.
        snapshots: commits that were read, each with its date where that is known.
    """

    licences: Sequence[str]
    snapshots: Sequence[str]


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


def read_origin(section: str) -> Origin:
    """Return the licences and the snapshots that a source's section names.

    >>> read_origin("Tables (commit `89fb801`, 2026-06-27). MIT.")
    Origin(licences=('MIT',), snapshots=('89fb801, 2026-06-27',))
    """
    commits = (", ".join(filter(None, found.groups())) for found in _COMMIT.finditer(section))
    return Origin(tuple(dict.fromkeys(_LICENCE.findall(section))), tuple(dict.fromkeys(commits)))
