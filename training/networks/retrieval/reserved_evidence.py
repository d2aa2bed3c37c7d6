"""Reserved runs as evidence: what was measured of them against what the network expects without them."""

from __future__ import annotations

import numpy as np
import torch

from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.stored.stored_graph import StoredGraph
from zoograph.graphs.stored.thinned import RUNS_OF_MODEL, ThinnedGraph
from zoograph.models.networks.two_towers import MeasuredLogits, TwoTowers
from zoograph.models.retrieval.last_layer import Evidence
from zoograph.training.networks.run_batches import hidden_batch

_AT_ONCE = 2_000


def make_evidence(
    thinned: ThinnedGraph,
    models: np.ndarray,
    datasets: np.ndarray,
    vectors: torch.Tensor,
    expected: torch.Tensor,
    target: MeasuredLogits,
) -> Evidence:
    """Return pairs of models (n,) and datasets (n,) as evidence, in double precision.

    Args:
        thinned: that the network read.
        models: nodes.
        datasets: nodes.
        vectors: (n, C) of the models.
        expected: (n,) logits.
        target: what was measured.
    """
    return Evidence(
        torch.from_numpy(models),
        torch.from_numpy(datasets),
        vectors.double(),
        (target.logit - expected).double(),
        target.variance.double(),
        torch.from_numpy(np.where(thinned.is_blind(MODEL, models), 0, _beside_reserved(thinned, models))),
        torch.from_numpy(_visible_on(thinned, datasets)),
    )


@torch.no_grad()
def sample_evidence(
    network: TwoTowers, thinned: ThinnedGraph, num_datasets: int, most_runs: int, rng: np.random.Generator
) -> Evidence:
    """Return the reserved runs on some datasets, for learning what the network does not say.

    Args:
        network: trained.
        thinned: with models and datasets that play new.
        num_datasets: drawn from those on which runs of three models or more are reserved.
        most_runs: of each.
        rng: draws datasets and runs.
    """
    measured, datasets = reserved_pairs(thinned)
    mixed = rng.permutation(len(measured))
    measured, datasets = measured[mixed], datasets[mixed]
    eligible = np.flatnonzero(np.bincount(datasets, minlength=thinned.graph.num_nodes(DATASET)) >= 3)
    chosen = rng.permutation(eligible)[:num_datasets]
    models = np.concatenate([measured[np.flatnonzero(datasets == dataset)[:most_runs]] for dataset in chosen])
    parts = []
    for first in range(0, len(models), _AT_ONCE):
        asked = models[first : first + _AT_ONCE]
        batch = hidden_batch(thinned, asked, network.num_layers)
        towers = network(thinned.graph, batch.part)
        runs = thinned.graph.edges[RUNS_OF_MODEL].source[thinned.reserved_runs(asked)].astype(np.int64)
        expected = towers.logits(batch.models, batch.datasets)
        parts.append(make_evidence(thinned, asked, runs, towers.models[batch.models], expected, batch.target))
    return Evidence(*(torch.cat(column) for column in zip(*parts, strict=True)))


def reserved_pairs(thinned: ThinnedGraph) -> tuple[np.ndarray, np.ndarray]:
    """Return (n,) the models that have runs, and the dataset of the reserved run of each."""
    runs = thinned.graph.edges[RUNS_OF_MODEL]
    models = np.flatnonzero(np.diff(runs.start))
    return models, runs.source[thinned.reserved_runs(models)].astype(np.int64)


def _beside_reserved(thinned: ThinnedGraph, models: np.ndarray) -> np.ndarray:
    runs: np.ndarray = (thinned.graph.edges[RUNS_OF_MODEL].degrees(models) - 1).clip(min=0)
    return runs


def _visible_on(thinned: ThinnedGraph, datasets: np.ndarray) -> np.ndarray:
    """Return (n,) about how many runs on datasets message passing sees: all but reserved ones; none of a new one."""
    runs = thinned.graph.edges[TRANSFERS_TO].degrees(datasets)
    share = 1 - np.count_nonzero(np.diff(thinned.graph.edges[RUNS_OF_MODEL].start)) / max(1, _num_runs(thinned.graph))
    return np.where(thinned.is_blind(DATASET, datasets), 0, np.floor(runs * share)).astype(np.int64)


def _num_runs(graph: StoredGraph) -> int:
    return len(graph.edges[TRANSFERS_TO].source)
