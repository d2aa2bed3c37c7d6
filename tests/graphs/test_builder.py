import math
from dataclasses import replace

import pandas as pd
import pytest
import torch

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.zoo import INFLUENCE_COLUMNS
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import (
    DATASET,
    EDGE_TYPES,
    FORWARD_EDGE_TYPES,
    HAS,
    INFLUENCES,
    LABEL,
    MODEL,
    MODEL_NUMBERS,
    NODE_TYPES,
    PRETRAINED_ON,
    SCORED_ON,
    TRANSFERS_TO,
    reverse,
)

EMBED = HashEmbedder(8)


@pytest.fixture
def graph():
    return build_graph(make_toy_zoo(), EMBED)


def pairs_of(graph, edge_type):
    source, _, target = edge_type
    a, b = graph[edge_type].edge_index.tolist()
    return [(graph[source].ids[i], graph[target].ids[j]) for i, j in zip(a, b, strict=True)]


def test_has_every_node_and_edge_type(graph):
    assert set(graph.node_types) == set(NODE_TYPES)
    assert set(graph.edge_types) == set(EDGE_TYPES)
    assert graph.validate()


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


def test_other_protocol_and_metric():
    tuned = build_graph(make_toy_zoo(), EMBED, Protocol.FINETUNE)
    assert pairs_of(tuned, TRANSFERS_TO) == [("small", "s2")]
    assert tuned[TRANSFERS_TO].sample_size.tolist() == [12]
    assert pairs_of(build_graph(make_toy_zoo(), EMBED, metric=Metric.F1), TRANSFERS_TO) == [("small", "s2")]


def test_missing_numbers_are_masked(graph):
    store = graph[MODEL]
    column = MODEL_NUMBERS.index("parameters")
    assert store.x_number[:, column].tolist() == pytest.approx([math.log(10), math.log(100), 0.0])
    assert store.x_number_mask[:, column].tolist() == [True, True, False]
    classes = MODEL_NUMBERS.index("pretrained_classes")
    assert store.x_number[0, classes].item() == pytest.approx(math.log(1000))
    assert store.x_number_mask[:, classes].tolist() == [True, False, False]
    assert not graph[DATASET].sample_size[:3].isnan().any()
    assert graph[DATASET].sample_size[3].isnan()


def test_labels_are_shared_whatever_their_spelling(graph):
    assert graph[LABEL].ids == ["car", "cat", "dog", "hot dog", "jail"]
    assert ("s1", "cat") in pairs_of(graph, HAS)
    assert ("p1", "cat") in pairs_of(graph, HAS)
    assert torch.equal(graph[LABEL].x_text[3, 0], torch.from_numpy(EMBED(["hot dog"]))[0])


def test_corpora_are_datasets_and_texts_have_slots(graph):
    assert pairs_of(graph, PRETRAINED_ON) == [("small", "corpus")]
    assert graph[MODEL].x_text.shape == (3, 2, 8)
    assert graph[DATASET].x_text_mask.tolist() == [[True, True], [True, True], [True, True], [True, False]]
    assert not graph[DATASET].x_text[3, 1].any()


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


def test_groups_are_families(graph):
    assert graph[MODEL].group.tolist() == [0, 0, 1]
    assert graph[DATASET].group.tolist() == [0, 0, 1, 2]


def test_a_newcomer_enters_by_its_card_and_leaves_the_rest_alone(graph):
    vocabulary = graph.vocabulary
    zoo = make_toy_zoo().with_cards(
        [ModelCard(id="new", family="swin", parameters=50, source="t")],
        [DatasetCard(id="mine", domain="xray", labels=("dog", "bone"), source="t")],
    )
    grown = build_graph(zoo, EMBED, vocabulary=vocabulary)
    new, mine = grown[MODEL].ids.index("new"), grown[DATASET].ids.index("mine")
    assert grown[MODEL].x_category[new] == 0
    assert grown[DATASET].x_category[mine] == 0
    assert "bone" in grown[LABEL].ids
    assert grown[TRANSFERS_TO].num_edges == graph[TRANSFERS_TO].num_edges
    old = [grown[MODEL].ids.index(name) for name in graph[MODEL].ids]
    assert torch.equal(grown[MODEL].x_category[old], graph[MODEL].x_category)
    assert torch.equal(grown[MODEL].x_number[old], graph[MODEL].x_number)


def test_a_zoo_without_records_is_a_graph_too():
    zoo = make_toy_zoo()
    empty = replace(zoo, runs=zoo.runs[:0], scores=zoo.scores[:0], relations=zoo.relations[:0])
    graph = build_graph(empty, EMBED)
    assert graph[TRANSFERS_TO].num_edges == 0
    assert graph[SCORED_ON].num_edges == 0


def test_a_zoo_without_labels_is_a_graph_too():
    zoo = make_toy_zoo()
    bare = {key: card.model_copy(update={"labels": ()}) for key, card in zoo.datasets.items()}
    graph = build_graph(replace(zoo, datasets=bare), EMBED)
    assert graph[LABEL].num_nodes == graph[HAS].num_edges == 0
    assert graph[LABEL].x_text.shape == (0, 1, 8)
