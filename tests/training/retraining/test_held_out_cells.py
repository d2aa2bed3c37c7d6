"""Which cells are held out: always the same, about a tenth, in every fold."""

from __future__ import annotations

import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.splits import keep_records, pair_folds
from zoograph.training.retraining.held_out_cells import held_out_cells, is_held_out

GRAPH = build_graph(make_synthetic_zoo(20, 100).zoo, HashEmbedder(8))


def _names(graph, cells):
    pairs = graph[TRANSFERS_TO].edge_index[:, cells].t().tolist()
    return {(graph[MODEL].ids[m], graph[DATASET].ids[d]) for m, d in pairs}


def test_the_names_of_a_pair_decide_and_nothing_else() -> None:
    held = held_out_cells(GRAPH)
    assert 0.07 < held.float().mean() < 0.13
    part = keep_records(GRAPH, torch.arange(GRAPH[TRANSFERS_TO].num_edges) % 2 == 0)
    assert _names(part, held_out_cells(part)) == _names(GRAPH, held) & _names(part, slice(None))
    # A choice that moves would let old cells leak into what new versions are compared on.
    assert [is_held_out("resnet50", f"clipart_{k}") for k in range(30)].index(True) == 12


def test_every_fold_has_its_share() -> None:
    held = held_out_cells(GRAPH)
    folds = pair_folds(GRAPH, GRAPH[TRANSFERS_TO].edge_index, 4)
    assert all(0.05 < held[folds == fold].float().mean() < 0.15 for fold in range(4))


def test_a_small_zoo_holds_out_nothing() -> None:
    small = keep_records(GRAPH, torch.arange(GRAPH[TRANSFERS_TO].num_edges) < 20)
    assert not held_out_cells(small).any()
