import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import INFLUENCES, RELATED_TO, RELATION_NUMBERS, SCORED_ON, TRANSFERS_TO, reverse
from zoograph.training.evaluation.ablation import without_influences, without_relations, without_scores


@pytest.fixture(scope="module")
def graph():
    return build_graph(make_synthetic_zoo(6, 14, scored=0.5, num_relations=20, num_influences=30).zoo, HashEmbedder(8))


def test_no_score_is_left(graph):
    blind = without_scores(graph)
    for kind in (SCORED_ON, reverse(SCORED_ON)):
        assert blind[kind].num_edges == 0 < graph[kind].num_edges
        assert blind[kind].edge_attr.shape == (0, len(graph[SCORED_ON].names))
    assert torch.equal(blind[RELATED_TO].edge_attr, graph[RELATED_TO].edge_attr)
    assert torch.equal(blind[TRANSFERS_TO].edge_label, graph[TRANSFERS_TO].edge_label)
    assert blind.validate()


def test_no_measured_relation_is_left_and_texts_still_compare(graph):
    blind = without_relations(graph)
    names = graph[RELATED_TO].names
    measured = [i for i, name in enumerate(names) if name not in RELATION_NUMBERS]
    for kind in (RELATED_TO, reverse(RELATED_TO)):
        assert graph[kind].edge_attr_mask[:, measured].any()
        assert not blind[kind].edge_attr_mask[:, measured].any()
        assert not blind[kind].edge_attr[:, measured].any()
        assert blind[kind].edge_attr_mask.any(1).all()
    read = len(measured)
    assert torch.equal(
        blind[RELATED_TO].edge_attr[:, read:],
        graph[RELATED_TO].edge_attr[graph[RELATED_TO].edge_attr_mask[:, read:].any(1), read:],
    )
    assert blind[SCORED_ON].num_edges == graph[SCORED_ON].num_edges


def test_no_influence_is_left(graph):
    blind = without_influences(graph)
    for kind in (INFLUENCES, reverse(INFLUENCES)):
        assert blind[kind].num_edges == 0 < graph[kind].num_edges
    assert torch.equal(blind[SCORED_ON].edge_attr, graph[SCORED_ON].edge_attr)
    assert blind.validate()


def test_the_graph_itself_is_left_alone(graph):
    before = {kind: graph[kind].edge_attr_mask.clone() for kind in (SCORED_ON, RELATED_TO, INFLUENCES)}
    without_scores(graph), without_relations(graph), without_influences(graph)
    assert all(torch.equal(graph[kind].edge_attr_mask, mask) for kind, mask in before.items())
