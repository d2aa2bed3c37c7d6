"""Datasets that are added to a graph: it is the one that is made of all of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from zoograph.data.records.cards import DatasetCard
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.new_datasets import is_new, with_new_datasets
from zoograph.graphs.plain_graph import PlainGraph
from zoograph.graphs.schema import DATASET, HAS, INFLUENCES, LABEL, RELATED_TO, reverse

BARE = DatasetCard(id="bare", source="toy")
WORDS = DatasetCard(id="words", labels=("Dog", "ant", "hot dog"), num_samples=9, domain="sketch", source="toy")
KIN = DatasetCard(id="s3", family="s", labels=("zebra",), num_classes=1, num_samples=70, domain="clay", source="toy")
APART = {LABEL, HAS, reverse(HAS), RELATED_TO, reverse(RELATED_TO), INFLUENCES, reverse(INFLUENCES)}


def embed(texts: Sequence[str]):
    return HashEmbedder(4)(list(texts))


def labels_of(graph: PlainGraph) -> set[tuple[str, str]]:
    datasets, labels = graph[DATASET].ids, graph[LABEL].ids
    return {(datasets[a], labels[b]) for a, b in graph[HAS].edge_index.t().tolist()}


def assert_same(found: object, expected: object) -> None:
    if isinstance(expected, Tensor):
        assert torch.equal(found.nan_to_num(9), expected.nan_to_num(9))
    else:
        assert found == expected


@pytest.mark.parametrize("cards", [[BARE], [WORDS], [KIN], [WORDS, KIN, BARE]])
def test_it_is_the_graph_of_all_datasets(cards: list[DatasetCard]) -> None:
    zoo = make_toy_zoo()
    known = build_graph(zoo, embed, plain=True)
    before = known.copy()
    whole = build_graph(zoo.with_cards((), cards), embed, vocabulary=known.vocabulary, plain=True)
    found = with_new_datasets(known, zoo, cards, embed)
    assert labels_of(found) == labels_of(whole)
    texts = dict(zip(found[LABEL].ids, found[LABEL].x_text.tolist(), strict=True))
    assert texts == dict(zip(whole[LABEL].ids, whole[LABEL].x_text.tolist(), strict=True))
    for kind in {*whole.node_types, *whole.edge_types} - APART:
        for name, value in whole[kind].items():
            assert_same(found[kind][name], value)
    found.validate()
    for kind in {*before.node_types, *before.edge_types}:  # what it was made of is as it was
        for name, value in before[kind].items():
            assert known[kind][name] is value


def test_a_corpus_that_a_model_names_is_not_new() -> None:
    zoo = make_toy_zoo()
    assert is_new(zoo, BARE)
    assert not is_new(zoo, zoo.datasets["s1"])
    named = zoo.models["large"].model_copy(update={"pretrained_on": "bare"})
    assert not is_new(zoo.__class__({"m": named}, zoo.datasets, zoo.runs, zoo.scores, zoo.relations), BARE)
