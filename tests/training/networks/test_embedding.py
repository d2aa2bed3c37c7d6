"""Vectors of all nodes: the same as of a neighbourhood, in chunks of any size, and of nodes that came later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from zoograph.graphs.schema import DATASET, MODEL
from zoograph.graphs.stored.stored_graph import StoredGraph
from zoograph.graphs.stored.subgraph import neighbourhood
from zoograph.graphs.stored.thinned import ThinnedGraph
from zoograph.models.networks.two_towers import TwoTowers
from zoograph.training.networks.embedding import DATASETS, LEVELS, MODELS, embed_all


@pytest.mark.parametrize("at_once", [37, 10_000])
def test_vectors_are_those_of_neighbourhoods(hub_folder: Path, tmp_path: Path, at_once: int) -> None:
    graph = StoredGraph(hub_folder / "graph")
    torch.manual_seed(1)
    network = TwoTowers(graph, 8, 4)
    network.fit_scale(graph)
    thinned = ThinnedGraph(graph, 5, seed=1)
    told: list[tuple[int, int]] = []
    embed_all(network, thinned, tmp_path, lambda *at: told.append(at), at_once)
    part = neighbourhood(thinned, {MODEL: np.arange(300), DATASET: np.arange(60)}, 2)
    with torch.no_grad():
        towers = network(graph, part)
    for name, expected in ((MODELS, towers.models), (DATASETS, towers.datasets), (LEVELS, towers.level)):
        np.testing.assert_allclose(np.load(tmp_path / name, allow_pickle=False), expected.numpy(), atol=1e-5)
    assert told[-1] == (3 * 360, 3 * 360)
    assert sorted(path.name for path in tmp_path.iterdir()) == [DATASETS, LEVELS, MODELS]
