"""Reserved runs as evidence: what was measured minus what the network expects, with the runs that it saw counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from zoograph.graphs.stored.stored_graph import StoredGraph
from zoograph.graphs.stored.thinned import RUNS_OF_MODEL, ThinnedGraph
from zoograph.models.networks.two_towers import MeasuredLogits, TwoTowers, measured_logits
from zoograph.training.networks.retrieval.reserved_evidence import make_evidence, reserved_pairs, sample_evidence


def test_residuals_and_visible_runs_by_hand(hub_folder: Path) -> None:
    graph = StoredGraph(hub_folder / "graph")
    thinned = ThinnedGraph(graph, 5, seed=1)
    models, datasets = reserved_pairs(thinned)
    target = MeasuredLogits(torch.tensor([1.0, 2.0]), torch.tensor([0.1, 0.2]))
    found = make_evidence(thinned, models[:2], datasets[:2], torch.ones(2, 3), torch.tensor([0.5, 2.5]), target)
    assert found.residual.tolist() == [0.5, -0.5]
    assert found.model_runs.tolist() == [int(graph.edges[RUNS_OF_MODEL].degrees(models)[i]) - 1 for i in (0, 1)]
    new = ThinnedGraph(graph, 5, seed=1, blind=0.999)
    assert make_evidence(new, models[:1], datasets[:1], torch.ones(1, 3), torch.zeros(1), target).dataset_runs[0] == 0


def test_a_sample_holds_reserved_runs_of_whole_datasets(hub_folder: Path) -> None:
    graph = StoredGraph(hub_folder / "graph")
    thinned = ThinnedGraph(graph, 5, seed=1, blind=0.2)
    torch.manual_seed(0)
    network = TwoTowers(graph, 8, 4)
    network.fit_scale(graph)
    found = sample_evidence(network, thinned, 5, 3, np.random.default_rng(0))
    _, counts = torch.unique(found.datasets, return_counts=True)
    assert counts.tolist() == [3] * len(counts)
    runs = graph.edges[RUNS_OF_MODEL]
    assert runs.value is not None
    place = thinned.reserved_runs(found.models.numpy())
    assert runs.source[place].tolist() == found.datasets.tolist()
    target = measured_logits(graph, found.datasets.numpy(), runs.value[place])
    assert (target.logit - found.residual).std() > 0
    assert found.noise.tolist() == pytest.approx(target.variance.tolist())
