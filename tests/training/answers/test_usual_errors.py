"""The usual errors are those of the tables of collections that are published."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from zoograph.data.records.cards import Modality
from zoograph.training.answers.usual_errors import USUAL_POINTS, Newness, say_points

TABLES = Path(__file__).resolve().parents[3] / "docs" / "benchmarks" / "collections.md"
TEXTS = {"mteb"}
PROTOCOLS = {
    Newness.NOTHING: {"few_records_3"},
    Newness.MODEL: {"model_out"},
    Newness.DATASET: {"collection_out", "dataset_out", "both_new"},
}


def _published(protocols: set[str], texts: bool) -> list[int]:
    """Return the predictor's errors in points, of every collection."""
    found = []
    for section in TABLES.read_text(encoding="utf-8").split("\n## ")[1:]:
        collection, protocol = re.match(r"([\w-]+), (\w+)", section).groups()  # type: ignore[union-attr]
        rows = [[cell.strip() for cell in line.split("|")] for line in section.splitlines() if line.startswith("|")]
        if rows and protocol in protocols and (collection in TEXTS) == texts:
            (row,) = (row for row in rows if row[1] == "zoograph")
            found.append(round(100 * float(row[rows[0].index("MAE")])))
    return found


@pytest.mark.parametrize("modality", [Modality.IMAGE, Modality.TEXT])
@pytest.mark.parametrize("newness", Newness)
def test_they_are_the_published_ones(newness: Newness, modality: Modality) -> None:
    found = _published(PROTOCOLS[newness], modality is Modality.TEXT)
    assert USUAL_POINTS[newness][modality] == (min(found), max(found))


def test_they_are_said_in_words() -> None:
    assert say_points(Newness.DATASET, "image") == "7 to 16 points"
    assert say_points(Newness.MODEL, "text") == "5 points"
    assert say_points(Newness.MODEL, "audio") is None
