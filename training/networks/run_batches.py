"""Batches of an epoch: a hidden run of each model is asked for once, and processes share each batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from zoograph.graphs.schema import DATASET, MODEL
from zoograph.graphs.stored.stored_graph import StoredGraph
from zoograph.graphs.stored.subgraph import Subgraph, neighbourhood
from zoograph.graphs.stored.thinned import RUNS_OF_MODEL, ThinnedGraph
from zoograph.models.networks.two_towers import MeasuredLogits, measured_logits


class RunBatch(NamedTuple):
    """Hidden runs, and what message passing reads to predict them; the runs themselves are not in it.

    Attributes:
        part: subgraph around their models and datasets.
        models, datasets: (n,) places of theirs in it.
        target: what was measured.
        weight: (n,) 0 for runs on datasets that are kept out of training, else 1.
    """

    part: Subgraph
    models: Tensor
    datasets: Tensor
    target: MeasuredLogits
    weight: Tensor


class Plan(NamedTuple):
    """How a training reads a graph.

    Attributes:
        fanout: neighbours of a node by each type of edge, at most.
        num_layers: rounds of message passing.
        batch_size: runs a step, over all processes.
        num_epochs: each over another thinned graph.
        blind: share of the models and datasets that play new in an epoch, and of those that do so in every one.
        seed: of all draws.
    """

    fanout: int
    num_layers: int
    batch_size: int
    num_epochs: int
    blind: float
    seed: int


class RunBatches:
    """The batches of one process, from any step on.

    Which runs a step asks for does not depend on the number of processes: process r of w takes every w-th of them, from
    the r-th on, so that all are taken and none is taken twice.

    Args:
        graph: that is learned from.
        plan: how.
        rank: number of this process.
        world: processes.
        first: step to begin with.

    Raises:
        ValueError: if the graph has fewer models with two runs than processes.
    """

    def __init__(self, graph: StoredGraph, plan: Plan, rank: int = 0, world: int = 1, first: int = 0) -> None:
        self.graph, self.plan, self.rank, self.world, self.first = graph, plan, rank, world, first
        models = np.flatnonzero(np.diff(graph.edges[RUNS_OF_MODEL].start) > 1)  # one run is reserved
        self._measured = models[~ThinnedGraph(graph, plan.fanout, plan.seed, 0, plan.blind).is_kept_out(MODEL, models)]
        self.batch_size = min(plan.batch_size, len(self._measured)) // world * world
        if not self.batch_size:
            raise ValueError(
                f"A batch must have a run for each of {world} processes (got {len(self._measured)} models)."
            )
        self.steps_per_epoch = len(self._measured) // self.batch_size

    def __len__(self) -> int:
        return self.steps_per_epoch * self.plan.num_epochs

    def __iter__(self) -> Iterator[RunBatch]:
        epoch, order = -1, self._measured
        for step in range(self.first, len(self)):
            if step // self.steps_per_epoch != epoch:
                epoch = step // self.steps_per_epoch
                order = np.random.default_rng([self.plan.seed, epoch]).permutation(self._measured)
            yield self.at(epoch, self.models(order, step % self.steps_per_epoch))

    def models(self, order: np.ndarray, number: int) -> np.ndarray:
        """Return (n,) the models whose hidden runs this process takes of a batch of an epoch in that ``order``."""
        whole = order[number * self.batch_size : (number + 1) * self.batch_size]
        return whole[self.rank :: self.world]

    def at(self, epoch: int, models: np.ndarray) -> RunBatch:
        """Return the batch of the hidden runs of ``models`` in an epoch."""
        thinned = ThinnedGraph(self.graph, self.plan.fanout, self.plan.seed, epoch, self.plan.blind)
        return hidden_batch(thinned, models, self.plan.num_layers)


def hidden_batch(thinned: ThinnedGraph, models: np.ndarray, num_layers: int) -> RunBatch:
    """Return the batch of what ``thinned`` asks for of ``models``, each of which has such a run."""
    runs = thinned.graph.edges[RUNS_OF_MODEL]
    place = thinned.asked_runs(models)
    datasets = runs.source[place].astype(np.int64)
    assert runs.value is not None
    part = neighbourhood(thinned, {MODEL: models, DATASET: datasets}, num_layers)
    target = measured_logits(thinned.graph, datasets, runs.value[place])
    weight = torch.from_numpy(~thinned.is_kept_out(DATASET, datasets)).float()
    return RunBatch(part, part.place(MODEL, models), part.place(DATASET, datasets), target, weight)
