"""Weights that the hub and timm both publish: each pair is one network in the tables that ship."""

from __future__ import annotations

from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.records.naming.hub_copies import HUB_COPIES
from zoograph.data.records.published import ORGANISATIONS


def test_both_names_of_a_pair_are_known_and_mean_networks_of_one_size() -> None:
    cards = {card.id: card for card in read_tables(shipped_zoo()).models}
    for copy, original in HUB_COPIES.items():
        assert cards[copy].parameters == cards[original].parameters, copy
        assert cards[copy].input_size == cards[original].input_size, copy
        assert cards[original].source == "timm", original


def test_copies_belong_to_organisations_and_each_original_has_one() -> None:
    assert {copy.partition("/")[0] for copy in HUB_COPIES} <= ORGANISATIONS
    assert len(set(HUB_COPIES.values())) == len(HUB_COPIES)
