from dataclasses import replace

import torch

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import (
    DATASET,
    EDGE_TYPES,
    HAS,
    LABEL,
    MEASURED_OTHERWISE,
    MODEL,
    NODE_TYPES,
    SCORED_ON,
    TRANSFERS_TO,
)

EMBED = HashEmbedder(8)


def test_has_every_node_and_edge_type(graph):
    assert set(graph.node_types) == set(NODE_TYPES)
    assert set(graph.edge_types) == {*EDGE_TYPES, MEASURED_OTHERWISE}
    assert graph.validate()


def test_other_protocol_and_metric(pairs_of):
    tuned = build_graph(make_toy_zoo(), EMBED, Protocol.FINETUNE)
    assert pairs_of(tuned, TRANSFERS_TO) == [("small", "s2")]
    assert tuned[TRANSFERS_TO].sample_size.tolist() == [12]
    assert pairs_of(build_graph(make_toy_zoo(), EMBED, metric=Metric.F1), TRANSFERS_TO) == [("small", "s2")]


def test_what_the_other_protocols_measured_is_edges_of_their_own(graph, pairs_of):
    assert pairs_of(graph, MEASURED_OTHERWISE) == [("small", "s2")]
    tuned = build_graph(make_toy_zoo(), EMBED, Protocol.FINETUNE)
    assert pairs_of(tuned, MEASURED_OTHERWISE) == pairs_of(graph, TRANSFERS_TO)
    # Runs of another metric are none, and without a protocol there is no other one.
    for other in (build_graph(make_toy_zoo(), EMBED, metric=Metric.F1), build_graph(make_toy_zoo(), EMBED, None)):
        assert pairs_of(other, MEASURED_OTHERWISE) == []


def test_labels_are_shared_whatever_their_spelling(graph, pairs_of):
    assert graph[LABEL].ids == ["car", "cat", "dog", "hot dog", "jail"]
    assert ("s1", "cat") in pairs_of(graph, HAS)
    assert ("p1", "cat") in pairs_of(graph, HAS)
    assert torch.equal(graph[LABEL].x_text[3, 0], torch.from_numpy(EMBED(["hot dog"]))[0])


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


def test_a_text_without_embedding_is_a_mask(graph, pairs_of):
    def lookup(texts):
        vectors = EMBED(texts)
        vectors[[i for i, text in enumerate(texts) if text in ("jail", "s2")]] = float("nan")
        return vectors

    masked = build_graph(make_toy_zoo(), lookup)
    assert masked[LABEL].ids == ["car", "cat", "dog", "hot dog"]
    assert pairs_of(masked, HAS) == [pair for pair in pairs_of(graph, HAS) if "jail" not in pair]
    place = masked[DATASET].ids.index("s2")
    assert graph[DATASET].x_text_mask[place].tolist()[0]
    assert not masked[DATASET].x_text_mask[place].tolist()[0]
    assert all(not store.x_text.isnan().any() for store in masked.node_stores)
    assert masked[DATASET].x_text_mask.sum() == graph[DATASET].x_text_mask.sum() - 1
