"""Sources: what zoograph measured is one collection, and every other source is one of its own."""

from __future__ import annotations

import pytest

from zoograph.data.records.sources import MEASURED, collection_of, own_source


def test_what_zoograph_measured_is_one_collection() -> None:
    for samples in ("images 47084eae92b4", "texts 47084eae92b4, 100 pixels, seed 0"):
        assert collection_of(own_source("0.2.0.dev1", "31798e29af8e", samples)) == MEASURED


@pytest.mark.parametrize("source", ["own records", "mieb", "zoograph", "zoograph 0.1.0", "zoograph, weights of mine, "])
def test_every_other_source_is_itself(source: str) -> None:
    assert collection_of(source) == source
