"""Every row that ships says whom to cite, and the page has them all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from zoograph.data.collections.citations import read_citations, read_origin, summarise
from zoograph.data.collections.tables import read_tables, shipped_zoo

PAGE = """# Where from

## `one`

First line,
second line.

- Somebody. 2024.

### Part

## `two`

Text.

## Software

- timm.
"""


def test_a_page_is_taken_apart_by_source(tmp_path: Path) -> None:
    path = tmp_path / "CITATIONS.md"
    path.write_text(PAGE)
    sections = read_citations(path)
    assert list(sections) == ["one", "two"]
    assert sections["one"].startswith("First line,\nsecond line.")
    assert sections["one"].endswith("### Part")
    assert sections["two"] == "Text."


def test_every_source_of_the_shipped_tables_has_its_section_and_no_section_is_left_over() -> None:
    zoo = read_tables(shipped_zoo())
    rows = (*zoo.models, *zoo.datasets, *zoo.runs, *zoo.scores, *zoo.relations)
    sources = {source for row in rows for source in row.source.split("; ")}
    assert sources == set(read_citations())


@pytest.mark.parametrize(
    "source",
    ["domainnet-10x270", "transfergraph", "timm-results", "open-clip", "mieb", "clip-benchmark", "fastai-pets", "mteb"],
)
def test_every_collection_says_repository_and_licence(source: str) -> None:
    section = read_citations()[source]
    assert re.search(r"https://github\.com/[\w-]+/\w+", section)
    assert re.search(r"\b(MIT|Apache-2\.0|CC0-1\.0|No licence)\b", section)
    if source != "transfergraph":  # the paper says which figures; the repository has no tags
        assert re.search(r"commit\s`[0-9a-f]{7,8}`", section)


def test_licences_and_snapshots_are_those_that_the_page_names() -> None:
    sections = read_citations()
    assert read_origin(sections["open-clip"]) == (("MIT",), ("89fb801, 2026-06-27",))
    assert read_origin(sections["mieb"]) == (("CC0-1.0", "Apache-2.0"), ("f4cc6c8, 2026-08-20", "a905523"))
    assert read_origin(sections["transfergraph"]) == ((), ())
    assert read_origin("A commit `abc`, (commit 1a2b3c4,\n2026-01-02, CC-BY-SA-4.0), OMIT.") == (
        ("CC-BY-SA-4.0",),
        ("1a2b3c4, 2026-01-02",),
    )


def test_a_summary_is_one_line_and_unknown_sources_have_none() -> None:
    assert (summarise("mieb") or "").startswith("1,112 linear probes")
    assert "\n" not in (summarise("timm") or "")
    assert summarise("my own runs") is None
