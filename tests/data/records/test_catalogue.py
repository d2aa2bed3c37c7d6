"""What the catalogue has, and which filters let what through."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.catalogue import Entry, Wanted, count_runs, count_sources, make_entries
from zoograph.data.records.pretraining import Objective
from zoograph.data.records.records import Protocol

MODEL = Entry(
    ModelCard(
        id="clip",
        source="one; two",
        family="ViT",
        parameters=30,
        objective=Objective.IMAGE_TEXT,
        corpora=("webli",),
        pretrained_on="imagenet",
        licence="Apache-2.0",
        modalities=("image", "text"),
    ),
    Counter({Protocol.PROBE: 2}),
)
BARE = Entry(ModelCard(id="bare", source="two"))
SKETCHES = Entry(DatasetCard(id="s", source="one", family="clipart", domain="sketch"), Counter({Protocol.HEAD: 1}))


@pytest.mark.parametrize(
    "fields",
    [
        {"family": "vit"},
        {"modality": "text"},
        {"with_runs": True},
        {"protocol": Protocol.PROBE},
        {"objective": Objective.IMAGE_TEXT},
        {"corpora": ("webli", "x")},
        {"corpora": ("imagenet",)},  # the labels count too
        {"max_parameters": 30},
        {"licence": "apache-2.0"},
        {"family": "vit", "modality": "image", "max_parameters": 31},
    ],
)
def test_each_filter_lets_through_what_is_wanted_and_nothing_else(fields: dict[str, Any]) -> None:
    assert Wanted(**fields).has_model(MODEL)
    assert not Wanted(**fields).has_model(BARE)


@pytest.mark.parametrize(
    "fields",
    [
        {"family": "vi"},
        {"modality": "audio"},
        {"protocol": Protocol.HEAD},
        {"objective": Objective.SUPERVISED},
        {"corpora": ()},
        {"max_parameters": 29},
        {"licence": "mit"},
        {"family": "vit", "max_parameters": 29},
    ],
)
def test_one_filter_that_does_not_fit_is_enough(fields: dict[str, Any]) -> None:
    assert not Wanted(**fields).has_model(MODEL)


def test_filters_of_datasets_and_of_published_weights() -> None:
    assert Wanted(family="Clipart", domain="Sketch", modality="image", with_runs=True).has_dataset(SKETCHES)
    assert not Wanted(domain="photo").has_dataset(SKETCHES)
    assert not Wanted(modality="text").has_dataset(SKETCHES)
    assert Wanted(published=True).has_model(BARE)
    assert not Wanted(published=True).has_model(Entry(ModelCard(id="me/vit", source="transfergraph")))


def test_entries_with_most_runs_come_first_then_by_name() -> None:
    cards = [ModelCard(id=name, source="s") for name in ("b", "a", "c")]
    runs = {"c": Counter({Protocol.HEAD: 1, Protocol.PROBE: 2})}
    entries = make_entries(cards, runs)
    assert [(entry.card.id, entry.num_runs) for entry in entries] == [("c", 3), ("a", 0), ("b", 0)]


def test_a_card_of_two_sources_counts_for_both() -> None:
    assert Counter(count_sources([MODEL.card, BARE.card])) == {"one": 1, "two": 2}


def test_runs_are_counted_by_name_and_protocol() -> None:
    counts = count_runs([("a", "head"), ("b", "probe"), ("a", "head"), ("a", "probe")])
    assert counts == {"a": {Protocol.HEAD: 2, Protocol.PROBE: 1}, "b": {Protocol.PROBE: 1}}
