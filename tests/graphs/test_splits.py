import pandas as pd
import pytest
import torch

from zoograph.data.records.records import Protocol
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO, reverse
from zoograph.graphs.splits import hold_out, is_edge, pair_folds, reveal

PLANTED = 0.123456789


@pytest.fixture
def graph():
    graph = build_graph(make_toy_zoo(), HashEmbedder(8))
    graph[TRANSFERS_TO].edge_label[1] = PLANTED
    graph[reverse(TRANSFERS_TO)].edge_label = graph[TRANSFERS_TO].edge_label
    return graph


def holds_planted(graph):
    return any(
        bool(torch.isclose(value, torch.tensor(PLANTED), atol=1e-7).any())
        for store in graph.stores
        for value in store.values()
        if isinstance(value, torch.Tensor) and value.is_floating_point()
    )


def only(graph, *edges):
    mask = torch.zeros(graph[TRANSFERS_TO].num_edges, dtype=torch.bool)
    mask[list(edges)] = True
    return mask


def test_hold_out_takes_the_answer_away_in_both_directions(graph):
    assert holds_planted(graph)
    split = hold_out(graph, only(graph, 1))
    assert not holds_planted(split.train)
    assert split.target.tolist() == pytest.approx([PLANTED])
    assert split.train[TRANSFERS_TO].num_edges == split.train[reverse(TRANSFERS_TO)].num_edges == 4
    assert not is_edge(split.train[TRANSFERS_TO].edge_index, split.pairs).any()
    assert split.train.validate()


def test_hold_out_leaves_the_graph_alone(graph):
    before = graph.clone()
    hold_out(graph, only(graph, 0, 1, 2))
    reveal(graph, only(graph, 0))
    assert set(before.edge_types) == set(graph.edge_types)
    for kind in graph.edge_types:
        for key, value in graph[kind].items():
            assert key == "names" or torch.allclose(value, before[kind][key], rtol=0, atol=0, equal_nan=True)


def test_reveal_shows_visible_accuracies_as_inputs_and_no_target(graph):
    shown = reveal(graph, ~only(graph, 1))
    assert not holds_planted(shown)
    for kind in (TRANSFERS_TO, reverse(TRANSFERS_TO)):
        assert "edge_label" not in shown[kind]
        assert shown[kind].edge_attr.shape == (4, 1)
    assert holds_planted(reveal(graph, only(graph, 1)))


def test_folds_depend_on_names_alone(graph):
    pairs = graph[TRANSFERS_TO].edge_index
    folds = pair_folds(graph, pairs, 3)
    assert folds.tolist() == [0, 1, 1, 1, 2]
    assert folds.tolist() == [0, 2, 0, 1, 0] or len(set(folds.tolist())) > 1
    assert torch.equal(pair_folds(graph, pairs.flip(1), 3), folds.flip(0))
    assert pair_folds(graph, pairs[:, :0], 3).shape == (0,)


def test_is_edge():
    edges = torch.tensor([[0, 1], [2, 0]])
    assert is_edge(edges, torch.tensor([[0, 0, 1], [2, 1, 0]])).tolist() == [True, False, True]
    assert is_edge(edges[:, :0], torch.tensor([[0], [2]])).tolist() == [False]


def measured_twice(value=PLANTED):
    """Return a graph in which 'large' was also probed and asked without training on 's1', both with ``value``."""
    zoo = make_toy_zoo()
    row = {"model": "large", "dataset": "s1", "metric": "top1", "value": value, "source": "toy"}
    more = pd.DataFrame([{**row, "protocol": "probe"}, {**row, "protocol": "zero_shot"}])
    return zoo.with_runs(pd.concat([zoo.runs, more], ignore_index=True))


def test_what_a_cheaper_protocol_measured_of_a_pair_is_not_in_the_graph_of_a_dearer_one():
    assert not holds_planted(build_graph(measured_twice(), HashEmbedder(8)))
    # The control: in the graph of all protocols it is.
    assert holds_planted(build_graph(measured_twice(), HashEmbedder(8), None))


def test_holding_a_pair_out_takes_away_what_every_protocol_measured_of_it():
    graph = build_graph(measured_twice(), HashEmbedder(8), None)
    models, datasets = graph[TRANSFERS_TO].edge_index
    large, s1 = graph["model"].ids.index("large"), graph["dataset"].ids.index("s1")
    pair = (models == large) & (datasets == s1)
    assert pair.sum() == 3
    dear = pair & (graph[TRANSFERS_TO].protocol == list(Protocol).index(Protocol.HEAD))
    split = hold_out(graph, dear)
    assert split.target.tolist() == pytest.approx([0.8])
    assert not holds_planted(split.train)
    assert split.train[TRANSFERS_TO].num_edges == graph[TRANSFERS_TO].num_edges - 3
