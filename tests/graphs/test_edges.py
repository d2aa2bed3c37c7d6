import math
from dataclasses import replace

import pandas as pd
import pytest
import torch

from zoograph.data.records.zoo import INFLUENCE_COLUMNS
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import FORWARD_EDGE_TYPES, INFLUENCES, RELATED_TO, SCORED_ON, TRANSFERS_TO, reverse

EMBED = HashEmbedder(8)


@pytest.fixture
def graph():
    return build_graph(make_toy_zoo(), EMBED)


def pairs_of(graph, edge_type):
    source, _, target = edge_type
    a, b = graph[edge_type].edge_index.tolist()
    return [(graph[source].ids[i], graph[target].ids[j]) for i, j in zip(a, b, strict=True)]


def test_every_edge_has_its_reverse_in_the_same_order(graph):
    for kind in FORWARD_EDGE_TYPES:
        assert torch.equal(graph[reverse(kind)].edge_index, graph[kind].edge_index.flip(0))


def test_runs_of_a_pair_are_averaged_and_other_protocols_and_metrics_left_out(graph):
    store = graph[TRANSFERS_TO]
    values = dict(zip(pairs_of(graph, TRANSFERS_TO), store.edge_label.tolist(), strict=True))
    assert values == pytest.approx(
        {
            ("hub/other", "p1"): 0.4,
            ("large", "s1"): 0.8,
            ("large", "s2"): 0.6,
            ("small", "p1"): 0.9,
            ("small", "s1"): 0.6,
        }
    )
    assert store.num_runs.tolist() == [1, 1, 1, 1, 2]
    assert store.sample_size.tolist() == [30, 20, 80, 30, 20]
    assert "edge_attr" not in store


def test_scores_are_standardised_within_a_dataset(graph):
    store = graph[SCORED_ON]
    root = 1 / math.sqrt(2)
    found = dict(zip(pairs_of(graph, SCORED_ON), store.edge_attr[:, 0].tolist(), strict=True))
    assert found == pytest.approx({("small", "p1"): -root, ("large", "p1"): root})
    assert store.names == ["logme"]


def test_a_score_missing_of_a_pair_is_masked_and_a_constant_one_is_zero():
    zoo = make_toy_zoo()
    extra = pd.DataFrame([("small", "p1", "leep", 2.0, "t")], columns=list(zoo.scores.columns))
    store = build_graph(replace(zoo, scores=pd.concat([zoo.scores, extra])), EMBED)[SCORED_ON]
    assert store.names == ["leep", "logme"]
    assert store.edge_attr_mask[:, 0].sum() == 1
    assert not store.edge_attr[:, 0].any()


def test_influences_are_standardised_within_a_dataset_whatever_the_spelling_of_labels():
    zoo = make_toy_zoo()
    rows = [("Hot_Dog", "s1", 0.1), ("jail", "s1", 0.3), ("car", "s2", 0.7), ("car", "s2", 0.9)]
    influences = pd.DataFrame(
        [(label, "corpus", dataset, "influence_correct", value, None, "toy") for label, dataset, value in rows],
        columns=list(INFLUENCE_COLUMNS),
    )
    grown = build_graph(replace(zoo, influences=influences), EMBED)
    store, root = grown[INFLUENCES], 1 / math.sqrt(2)
    found = dict(zip(pairs_of(grown, INFLUENCES), store.edge_attr[:, 0].tolist(), strict=True))
    assert found == pytest.approx({("hot dog", "s1"): -root, ("jail", "s1"): root, ("car", "s2"): 0.0})
    assert store.names == ["influence_correct"]
    # A vocabulary of before there were influences leaves them out.
    older = {kind: words for kind, words in build_graph(zoo, EMBED).vocabulary.items() if kind != INFLUENCES[1]}
    assert build_graph(replace(zoo, influences=influences), EMBED, vocabulary=older)[INFLUENCES].edge_attr.shape == (
        0,
        0,
    )


def test_no_edge_attribute_depends_on_an_accuracy(graph):
    zoo = make_toy_zoo()
    other = build_graph(zoo.with_runs(zoo.runs.assign(value=0.123)), EMBED)
    for kind in (SCORED_ON, RELATED_TO, INFLUENCES):
        assert torch.equal(graph[kind].edge_attr, other[kind].edge_attr)
    assert not torch.equal(graph[TRANSFERS_TO].edge_label, other[TRANSFERS_TO].edge_label)
