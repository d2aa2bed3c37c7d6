"""Thinned graphs: the same neighbours whoever asks, drawn evenly, and hidden runs seen from neither side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.stored.stored_graph import EDGES, StoredGraph
from zoograph.graphs.stored.thinned import RUNS_OF_MODEL, ThinnedGraph


@pytest.fixture
def graph(hub_folder: Path) -> StoredGraph:
    return StoredGraph(hub_folder / "graph")


@pytest.mark.parametrize("kind", EDGES)
def test_a_node_has_the_same_neighbours_in_any_company(graph: StoredGraph, kind: tuple[str, str, str]) -> None:
    thinned = ThinnedGraph(graph, 4, seed=1, epoch=3, blind=0.1)
    nodes = np.arange(graph.num_nodes(kind[2]))
    together = thinned.neighbours(kind, nodes)
    for node in (0, 7, 30):
        alone = thinned.neighbours(kind, np.array([node]))
        assert alone.source.tolist() == together.source[together.row == node].tolist()


def test_few_neighbours_are_all_taken_and_many_are_drawn_once_each(graph: StoredGraph) -> None:
    runs = graph.edges[TRANSFERS_TO]
    nodes = np.arange(graph.num_nodes(DATASET))
    every = ThinnedGraph(graph, 10_000, seed=1).neighbours(TRANSFERS_TO, nodes)
    hidden = ThinnedGraph(graph, 10_000, seed=1).reserved_runs(np.arange(300))
    assert len(every.source) == len(runs.source) - (hidden >= 0).sum()
    few = ThinnedGraph(graph, 5, seed=1).neighbours(TRANSFERS_TO, nodes)
    pairs = few.row * 1_000 + few.source
    assert len(np.unique(pairs)) == len(pairs)
    assert np.bincount(few.row).max() <= 5
    assert np.isin(pairs, every.row * 1_000 + every.source).all()


def test_each_neighbour_is_drawn_as_often_as_another(graph: StoredGraph) -> None:
    runs = graph.edges[TRANSFERS_TO]
    busy = np.array([int(np.argmax(np.diff(runs.start)))])
    degree = int(runs.degrees(busy)[0])
    times = np.zeros(300)
    for seed in range(400):
        times[ThinnedGraph(graph, 8, seed).neighbours(TRANSFERS_TO, busy).source] += 1
    share = times[runs.source[runs.start[busy[0]] : runs.start[busy[0] + 1]]] / 400
    assert degree > 40
    assert share.mean() == pytest.approx(8 / degree, rel=0.15)  # but for those that are hidden
    assert share.max() < 3 * 8 / degree


@pytest.mark.parametrize("epoch", [None, 0, 5])
def test_hidden_runs_are_seen_from_neither_side(graph: StoredGraph, epoch: int | None) -> None:
    thinned = ThinnedGraph(graph, 10_000, seed=3, epoch=epoch)
    runs, models = graph.edges[RUNS_OF_MODEL], np.arange(graph.num_nodes(MODEL))
    hidden = set()
    for place in (thinned.reserved_runs(models), thinned.asked_runs(models)):
        known = place >= 0
        hidden |= set(zip(models[known].tolist(), runs.source[place[known]].tolist(), strict=True))
    of_models = thinned.neighbours(RUNS_OF_MODEL, models)
    on_datasets = thinned.neighbours(TRANSFERS_TO, np.arange(graph.num_nodes(DATASET)))
    seen = set(zip(of_models.row.tolist(), of_models.source.tolist(), strict=True))
    assert seen == set(zip(on_datasets.source.tolist(), on_datasets.row.tolist(), strict=True))
    assert not seen & hidden
    assert len(seen | hidden) == len(graph.edges[TRANSFERS_TO].source)


def test_epochs_ask_for_different_runs_and_never_for_the_reserved_one(graph: StoredGraph) -> None:
    models, degree = np.arange(300), np.diff(graph.edges[RUNS_OF_MODEL].start)
    reserved = ThinnedGraph(graph, 5, 0).reserved_runs(models)
    epochs = [ThinnedGraph(graph, 5, 0, epoch) for epoch in range(30)]
    asked = np.stack([thinned.asked_runs(models) for thinned in epochs])
    assert ((reserved >= 0) == (degree > 0)).all()
    assert ((asked >= 0) == (degree > 1)).all()
    assert all((thinned.reserved_runs(models) == reserved).all() for thinned in epochs)
    assert not ((asked == reserved) & (asked >= 0)).any()
    few = int(np.flatnonzero((degree > 1) & (degree < 8))[0])
    assert len(np.unique(asked[:, few])) == degree[few] - 1
    assert (asked[:, degree > 1] < graph.edges[RUNS_OF_MODEL].start[1:][degree > 1]).all()


def test_runs_of_nodes_that_play_new_are_all_hidden(graph: StoredGraph) -> None:
    models, datasets = np.arange(300), np.arange(graph.num_nodes(DATASET))
    thinned = ThinnedGraph(graph, 10_000, seed=0, epoch=1, blind=0.2)
    on_datasets, of_models = thinned.neighbours(TRANSFERS_TO, datasets), thinned.neighbours(RUNS_OF_MODEL, models)
    for kind, nodes, ends in (
        (DATASET, datasets, (on_datasets.row, of_models.source)),
        (MODEL, models, (on_datasets.source, of_models.row)),
    ):
        blind = thinned.is_blind(kind, nodes)
        assert 0.2 < blind.mean() < 0.6
        assert not any(blind[end].any() for end in ends)
        assert not ThinnedGraph(graph, 5, seed=0).is_blind(kind, nodes).any()


def test_those_that_are_kept_out_play_new_in_every_epoch_and_others_in_one(graph: StoredGraph) -> None:
    models = np.arange(300)
    always = ThinnedGraph(graph, 5, 0, None, 0.2).is_blind(MODEL, models)
    epochs = np.stack([ThinnedGraph(graph, 5, 0, epoch, 0.2).is_blind(MODEL, models) for epoch in range(30)])
    assert 0.1 < always.mean() < 0.3
    assert (epochs.all(0) == always).all()
    assert epochs.any(0).mean() > 0.9
