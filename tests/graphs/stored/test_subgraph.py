"""Neighbourhoods: whole to the depth that is asked for, and renumbered."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.stored.stored_graph import EDGES, NODES, StoredGraph
from zoograph.graphs.stored.subgraph import neighbourhood
from zoograph.graphs.stored.thinned import RUNS_OF_MODEL, ThinnedGraph


def test_every_edge_into_a_seed_is_there_once_and_carries_its_value(hub_folder: Path) -> None:
    graph = StoredGraph(hub_folder / "graph")
    thinned = ThinnedGraph(graph, 6, seed=2)
    model = int(np.argmax(np.diff(graph.edges[RUNS_OF_MODEL].start)))
    seeds = {MODEL: np.array([model, 3]), DATASET: np.array([1])}
    part = neighbourhood(thinned, seeds, 2)
    assert all((np.diff(part.nodes[kind]) > 0).all() for kind in NODES)
    for kind in EDGES:
        near = thinned.neighbours(kind, np.unique(seeds[kind[2]]))
        source, target = part.edge_index[kind].numpy()
        into = np.isin(part.nodes[kind[2]][target], seeds[kind[2]])
        assert sorted(part.nodes[kind[0]][source[into]]) == sorted(near.source)
    row = part.place(MODEL, np.array([model])).item()
    own = part.edge_index[RUNS_OF_MODEL][1] == row
    found = dict(
        zip(
            part.nodes[DATASET][part.edge_index[RUNS_OF_MODEL][0, own]].tolist(),
            part.value[RUNS_OF_MODEL][own].tolist(),
            strict=True,
        )
    )
    runs = graph.edges[RUNS_OF_MODEL]
    assert runs.value is not None
    for dataset, value in found.items():
        place = runs.start[model] + np.flatnonzero(runs.source[runs.start[model] : runs.start[model + 1]] == dataset)
        assert runs.value[place].item() == value


def test_a_second_round_reads_the_neighbours_of_neighbours(hub_folder: Path) -> None:
    thinned = ThinnedGraph(StoredGraph(hub_folder / "graph"), 6, seed=2)
    one, two = (neighbourhood(thinned, {DATASET: np.array([1])}, rounds) for rounds in (1, 2))
    assert one.nodes[DATASET].tolist() == [1]
    assert set(one.nodes[MODEL]) < set(two.nodes[MODEL])
    reached = thinned.neighbours(RUNS_OF_MODEL, one.nodes[MODEL]).source
    assert set(reached) <= set(two.nodes[DATASET])
    assert TRANSFERS_TO in two.value
