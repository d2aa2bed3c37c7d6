"""The graph of a synthetic hub has its runs, corpora and lineage, and nothing of its truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zoograph.data.testing.synthetic_hub import Hub
from zoograph.graphs.schema import DERIVED_FROM, MODEL, PRETRAINED_ON, reverse
from zoograph.graphs.stored.stored_graph import StoredGraph
from zoograph.graphs.stored.thinned import RUNS_OF_MODEL


def test_edges_are_those_of_the_tables(hub_folder: Path) -> None:
    hub, graph = Hub.open(hub_folder), StoredGraph(hub_folder / "graph")
    derived = hub.parent >= 0
    assert graph.num_edges == len(hub.run_value) + 300 + derived.sum()
    parents = graph.edges[reverse(DERIVED_FROM)]
    assert np.diff(parents.start).tolist() == derived.astype(int).tolist()
    assert parents.source.tolist() == hub.parent[derived].tolist()
    assert graph.edges[reverse(PRETRAINED_ON)].source.tolist() == hub.corpus.tolist()
    runs = graph.edges[RUNS_OF_MODEL]
    assert runs.value is not None
    model = int(hub.run_model[0])
    rows = slice(runs.start[model], runs.start[model + 1])
    own = hub.run_model == model
    assert dict(zip(runs.source[rows], runs.value[rows], strict=True)) == dict(
        zip(hub.run_dataset[own], hub.run_value[own], strict=True)
    )
    stored = [path for path in graph.folder.iterdir() if path.name.startswith(MODEL)]
    assert sorted(path.name for path in stored) == ["model.category.npy", "model.number.npy"]
