"""The rows of a table: what is asked, what is not, and why."""

from __future__ import annotations

import pytest

from zoograph.data.errors import UnknownName
from zoograph.models.baselines.rankers import NumberRanker, ScoreAlone
from zoograph.training.evaluation.collections.methods import BASELINES, rows_of
from zoograph.training.evaluation.methods import METHODS
from zoograph.training.evaluation.table import PROJECT


def test_the_project_comes_first_and_every_baseline_has_a_row(part):
    rows = rows_of(part)
    assert [row.name for row in rows] == [PROJECT, *BASELINES]
    assert set(BASELINES) <= METHODS.keys()
    assert [row.name for row in rows if row.make().conditions] == [PROJECT]


def test_a_number_that_most_cards_lack_is_not_asked_and_says_so(part):
    size, imagenet = rows_of(part, "size,imagenet")
    assert size.lacking is None
    assert isinstance(size.make(), NumberRanker)
    assert imagenet.lacking == "0% of the models have this number on their card"


def test_a_score_has_a_row_of_its_own_where_half_of_the_pairs_have_it(part):
    # Measured on d0 alone: eight of 32 pairs.
    (row,) = rows_of(part, "score-logme")
    assert isinstance(row.make(), ScoreAlone)
    assert row.lacking == "25% of the pairs have this score"


def test_an_unknown_method_is_named(part):
    with pytest.raises(UnknownName, match="siz"):
        rows_of(part, "siz")
