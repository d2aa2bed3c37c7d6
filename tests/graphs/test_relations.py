import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.relations import compare_labels
from zoograph.graphs.schema import DATASET, RELATED_TO


def test_compare_labels_by_hand():
    membership = torch.tensor([[1.0, 1, 0], [0, 1, 1], [0, 0, 0]])
    similarity, overlap, has_labels = compare_labels(membership, torch.eye(3))
    assert overlap[0, 1].item() == pytest.approx(1 / 3)
    assert similarity[0, 1].item() == pytest.approx(0.5)
    assert similarity[0, 0].item() == pytest.approx(1.0)
    assert has_labels.tolist() == [True, True, False]
    assert not overlap[2].any()


def test_measured_and_textual_relations():
    graph = build_graph(make_toy_zoo(), HashEmbedder(8))
    store, ids = graph[RELATED_TO], graph[DATASET].ids
    rows = {
        (ids[a], ids[b]): (attr.tolist(), mask.tolist())
        for a, b, attr, mask in zip(*store.edge_index.tolist(), store.edge_attr, store.edge_attr_mask, strict=True)
    }
    assert store.names == ["domain_distance", "text_similarity", "label_overlap"]
    attributes, mask = rows["s1", "corpus"]
    assert attributes == [5.0, 0.0, 0.0]
    assert mask == [True, False, False]
    textual = {frozenset(pair): row for pair, row in rows.items() if row[1][1]}
    assert set(textual) == {frozenset(p) for p in (("s1", "s2"), ("s1", "p1"), ("s2", "p1"))}
    assert textual[frozenset(("s1", "s2"))][0][2] == pytest.approx(1 / 3)
    assert textual[frozenset(("s1", "p1"))][0][2] == pytest.approx(1 / 4)
    assert not any(a == b for a, b in rows)
