import zlib

import pandas as pd
import pytest
import torch

from zoograph.data.records.records import Protocol
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, MODEL, TRANSFERS_TO, reverse
from zoograph.graphs.splits import hold_out, is_edge, keep_records, measured_folds, pair_folds, reveal, without_pairs

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
    names = [(graph[MODEL].ids[model], graph[DATASET].ids[dataset]) for model, dataset in pairs.t().tolist()]
    assert folds.tolist() == [zlib.crc32(f"{model}\0{dataset}".encode()) % 3 for model, dataset in names]


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


def test_what_a_cheaper_protocol_measured_of_a_pair_is_no_target_of_a_dearer_one():
    graph = build_graph(measured_twice(), HashEmbedder(8))
    assert PLANTED not in graph[TRANSFERS_TO].edge_label
    assert holds_planted(graph)
    # Nor do messages pass along what other protocols measured.
    shown = reveal(graph, torch.ones(5, dtype=torch.bool))
    assert MEASURED_OTHERWISE not in shown.edge_types
    assert not holds_planted(shown)
    # The control: in the graph of all protocols it is one.
    assert torch.tensor(PLANTED) in build_graph(measured_twice(), HashEmbedder(8), None)[TRANSFERS_TO].edge_label


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


def measured_otherwise(*rows):
    """Return the graph of the toy zoo's heads with more (model, dataset, protocol) runs, and only these."""
    zoo = make_toy_zoo()
    named = [dict(zip(("model", "dataset", "protocol"), row, strict=True)) for row in rows]
    more = pd.DataFrame([{**row, "metric": "top1", "value": 0.5, "source": "toy"} for row in named])
    heads = zoo.runs[zoo.runs["protocol"] == "head"]
    return build_graph(zoo.with_runs(pd.concat([heads, more], ignore_index=True)), HashEmbedder(8))


def evidence(graph):
    """Return the (model, dataset, protocol) of what was measured otherwise."""
    store = graph[MEASURED_OTHERWISE]
    ends = zip(*store.edge_index.tolist(), store.protocol.tolist(), strict=True)
    return [(graph[MODEL].ids[m], graph[DATASET].ids[d], list(Protocol)[p].value) for m, d, p in ends]


def cells(graph, *pairs):
    """Return (E,) which heads are of these (model, dataset)."""
    ends = zip(*graph[TRANSFERS_TO].edge_index.tolist(), strict=True)
    return torch.tensor([(graph[MODEL].ids[m], graph[DATASET].ids[d]) in pairs for m, d in ends])


# Heads: 'small' on s1 and p1, 'large' on s1 and s2, 'hub/other' on p1. The corpus was never asked.
OTHERWISE = (
    ("hub/other", "s1", "finetune"),
    ("hub/other", "s1", "probe"),
    ("large", "corpus", "native"),
    ("large", "s1", "zero_shot"),
    ("large", "s2", "probe"),
    ("small", "corpus", "native"),
    ("small", "s2", "finetune"),
)


def test_what_other_protocols_measured_of_a_held_out_pair_is_gone_and_nothing_else():
    graph = measured_otherwise(*OTHERWISE)
    assert evidence(graph) == list(OTHERWISE)
    train = hold_out(graph, cells(graph, ("large", "s1"))).train
    assert evidence(train) == [row for row in OTHERWISE if row[:2] != ("large", "s1")]
    assert train[MEASURED_OTHERWISE].edge_label.shape == train[MEASURED_OTHERWISE].failed.shape == (6,)
    assert train.validate()


def test_a_dataset_whose_records_are_all_held_out_is_new_to_every_protocol():
    graph = measured_otherwise(*OTHERWISE)
    train = hold_out(graph, cells(graph, ("large", "s2"))).train
    assert evidence(train) == [row for row in OTHERWISE if row[1] != "s2"]


def test_so_is_a_model():
    graph = measured_otherwise(*OTHERWISE)
    train = hold_out(graph, cells(graph, ("hub/other", "p1"))).train
    assert evidence(train) == [row for row in OTHERWISE if row[0] != "hub/other"]
    # Somebody else's records of the dataset are left.
    assert cells(train, ("small", "p1")).sum() == 1


def test_a_node_that_was_never_asked_is_no_new_one():
    graph = measured_otherwise(*OTHERWISE)
    train = hold_out(graph, cells(graph, ("large", "s1"), ("large", "s2"))).train
    assert [row for row in evidence(train) if row[1] == "corpus"] == [("small", "corpus", "native")]


def test_probes_that_are_known_stay():
    graph = measured_otherwise(*OTHERWISE)
    held_out = cells(graph, ("large", "s2"), ("hub/other", "p1"))
    train = hold_out(graph, held_out, probes_known=True).train
    assert evidence(train) == [row for row in OTHERWISE if row not in (OTHERWISE[0], OTHERWISE[6])]


def test_what_is_kept_says_what_is_gone():
    graph = measured_otherwise(*OTHERWISE)
    gone = cells(graph, ("large", "s2"))
    assert evidence(keep_records(graph, ~gone)) == evidence(hold_out(graph, gone).train)


def test_pairs_that_were_not_asked_can_be_taken_out_as_well():
    graph = measured_otherwise(*OTHERWISE)
    small, s2 = graph[MODEL].ids.index("small"), graph[DATASET].ids.index("s2")
    less = without_pairs(graph, torch.tensor([[small], [s2]]))
    assert evidence(less) == [row for row in OTHERWISE if row[:2] != ("small", "s2")]
    assert less[TRANSFERS_TO].num_edges == graph[TRANSFERS_TO].num_edges


def test_a_pair_without_a_record_is_in_no_fold():
    graph = build_graph(make_toy_zoo(), HashEmbedder(8))
    edges = graph[TRANSFERS_TO].edge_index
    pairs = torch.cartesian_prod(torch.arange(graph[MODEL].num_nodes), torch.arange(graph[DATASET].num_nodes)).t()
    folds, measured = measured_folds(graph, pairs, 3), is_edge(edges, pairs)
    assert not measured.all()
    assert (folds[~measured] == -1).all()
    assert torch.equal(folds[measured], pair_folds(graph, pairs[:, measured], 3))
