import copy
import subprocess
import sys

import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.plain_graph import PlainGraph
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.splits import hold_out

EMBED = HashEmbedder(8)


@pytest.fixture(scope="module")
def graphs():
    return [build_graph(make_toy_zoo(), lambda texts: EMBED(list(texts)), plain=plain) for plain in (False, True)]


def same(a, b):
    assert set(a.node_types) == set(b.node_types)
    assert set(a.edge_types) == set(b.edge_types)
    for kind in [*a.node_types, *a.edge_types]:
        one, other = dict(a[kind].items()), dict(b[kind].items())
        assert one.keys() == other.keys()
        for name, value in one.items():
            if isinstance(value, torch.Tensor):
                assert torch.equal(value.nan_to_num(9), other[name].nan_to_num(9))
            else:
                assert value == other[name]
    return True


def test_it_holds_what_heterodata_holds(graphs):
    hetero, plain = graphs
    assert same(hetero, plain)
    assert (plain.vocabulary, plain.metric, plain.protocol) == (hetero.vocabulary, hetero.metric, hetero.protocol)
    for kind in hetero.edge_types:
        assert plain[kind].num_edges == hetero[kind].num_edges


def test_splits_are_those_of_heterodata_and_leave_it_as_it_was(graphs):
    before = copy.copy(graphs[1])
    held = torch.arange(graphs[0][TRANSFERS_TO].num_edges) % 2 == 0
    one, other = (hold_out(graph, held) for graph in graphs)
    assert same(one.train, other.train)
    assert torch.equal(one.pairs, other.pairs)
    assert same(before, graphs[1])


def test_a_copy_has_stores_of_its_own():
    graph = PlainGraph()
    graph.metric = "top1"
    graph[MODEL].num_nodes = 2
    other = graph.copy()
    other[MODEL].num_nodes, other.metric = 3, "miou"
    del other[MODEL]
    assert (graph[MODEL].num_nodes, graph.metric) == (2, "top1")
    assert MODEL not in other.node_types


def test_what_is_not_there_is_said():
    graph = PlainGraph()
    assert "x" not in graph[MODEL]
    assert graph[TRANSFERS_TO].num_edges == 0
    graph[MODEL].num_nodes = 2
    with pytest.raises(AttributeError, match=r"must have 'x' \(got num_nodes\)"):
        graph[MODEL].x  # noqa: B018
    with pytest.raises(AttributeError, match="no 'metric'"):
        graph.metric  # noqa: B018


def test_an_edge_to_nowhere():
    graph = PlainGraph()
    graph[MODEL].num_nodes, graph[DATASET].num_nodes = 2, 1
    graph[TRANSFERS_TO].edge_index = torch.tensor([[0, 1], [0, 0]])
    graph.validate()
    graph[TRANSFERS_TO].edge_index = torch.tensor([[0, 1], [0, 1]])
    with pytest.raises(ValueError, match="must end at a 'dataset'"):
        graph.validate()


def test_answering_imports_neither_pyg_nor_scikit_learn():
    names = ("expected_regret", "evidence", "recommend", "predict", "explain")
    code = f"""
import sys, zoograph.training.versions.restore
from zoograph.training.answers import {", ".join(names)}
from zoograph.training.answers.current import few_records
sys.exit(not {{"torch_geometric", "sklearn", "lightning"}}.isdisjoint(sys.modules))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
