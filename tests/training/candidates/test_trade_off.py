"""Accuracy against cost: the front and the order by hand-computed values."""

from __future__ import annotations

import pytest

from zoograph.data.records.cards import ModelCard
from zoograph.training.candidates.trade_off import (
    Cost,
    Preference,
    TradeOff,
    choose_cost,
    cost_of,
    find_front,
    rate,
)

ACCURACIES, COSTS = [0.9, 0.8, 0.7, 0.95, 0.8], [4.0, 2.0, 3.0, None, 1.0]


def test_nobody_beats_the_front_in_both() -> None:
    assert find_front(ACCURACIES, COSTS) == [True, False, False, False, True]
    assert find_front([0.5, 0.5, 0.5], [1.0, 1.0, 2.0]) == [True, True, False]
    assert find_front([0.5], [None]) == [False]
    # 4.456 and 4.45553 billion are one network, as two sources count it.
    assert find_front([0.90, 0.89, 0.8], [4.456, 4.45553, 4.44]) == [True, False, True]


def test_the_front_agrees_with_its_definition() -> None:
    import random

    draw = random.Random(0)
    accuracies, costs = [draw.randint(0, 9) / 10 for _ in range(60)], [float(draw.randint(1, 9)) for _ in range(60)]
    pairs = list(zip(accuracies, costs, strict=True))
    by_definition = [not any(b >= a and d <= c and (b, d) != (a, c) for b, d in pairs) for a, c in pairs]
    assert find_front(accuracies, costs) == by_definition


def test_the_ends_of_the_front_are_best_at_the_ends_of_the_weight() -> None:
    assert rate(ACCURACIES, COSTS, 1.0) == ACCURACIES
    # The front goes from (1, 0.8) to (4, 0.9): a cost of 2 is half of the way in logarithms.
    assert rate(ACCURACIES, COSTS, 0.0) == pytest.approx([-1.0, -0.5, -0.7925, None, 0.0], abs=1e-4)
    assert rate(ACCURACIES, COSTS, 0.5) == pytest.approx([0.0, -0.25, -0.8962, None, 0.0], abs=1e-4)


def test_one_candidate_and_unknown_costs_are_no_division_by_zero() -> None:
    assert rate([0.5], [3.0], 0.5) == [0.0]
    assert rate([0.5, 0.6], [None, None], 0.5) == [None, None]


def test_words_for_weights() -> None:
    assert [word.utility for word in Preference] == [1.0, 0.5, 0.25]
    with pytest.raises(ValueError, match=r"'utility' must be a number in \[0, 1\] in 'TradeOff' \(got 2\)"):
        TradeOff(utility=2)


def test_costs_of_a_card() -> None:
    card = ModelCard(id="a", source="t", parameters=10, gmacs=2.5)
    bare = ModelCard(id="b", source="t")
    assert [cost_of(card, cost, lambda _: 50.0) for cost in Cost] == [10.0, 2.5, 20.0]
    assert [cost_of(bare, cost, lambda _: None) for cost in Cost] == [None, None, None]
    assert choose_cost([card, bare], None) is Cost.GMACS
    assert choose_cost([card, bare, bare], None) is Cost.PARAMETERS
    assert choose_cost([bare], Cost.TIME) is Cost.TIME
    assert choose_cost([card, bare], None, times_matter=True) is Cost.TIME
    assert choose_cost([card, bare], Cost.GMACS, times_matter=True) is Cost.GMACS
