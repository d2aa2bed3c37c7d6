"""A graph thinned by chance: a few neighbours of every node, the same whoever asks, and runs of each model hidden.

What is drawn is a hash of a seed and the nodes, not the next number of a generator: a node has the same neighbours in
whichever batch and process it occurs. So an epoch is exact message passing over one thinned graph, however its batches
are spread over processes, and it can be taken up at any batch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO, EdgeType, reverse
from zoograph.graphs.stored.stored_graph import EDGES, NODES, StoredGraph

RUNS_OF_MODEL = reverse(TRANSFERS_TO)
_FINE = 1 << 20


class Neighbours(NamedTuple):
    """Edges into n nodes.

    Attributes:
        row: (E,) place of the target among those that were asked for, ascending.
        source: (E,) nodes.
        value: (E,) what the edges carry; None for nothing.
    """

    row: np.ndarray
    source: np.ndarray
    value: np.ndarray | None


class ThinnedGraph:
    """Draws the neighbours that message passing reads, in one epoch of a training or to answer from.

    Of each model one run is reserved, the same throughout: no epoch sees it or asks for it, and it is what the last
    layer is conditioned on. Of a model with more runs each epoch hides another one, which it asks for. Both are hidden
    in both directions.

    A share of the models and of the datasets play new: all their runs are hidden. Some do so in one epoch, and some in
    every one, which nothing is asked of either: what the network says of these is what it says of newcomers.

    Args:
        graph: to be thinned.
        fanout: neighbours of a node by each type of edge, at most.
        seed: of the training.
        epoch: of the training; None for what answers are read from.
        blind: share of the models and of the datasets that play new.
    """

    def __init__(
        self, graph: StoredGraph, fanout: int, seed: int, epoch: int | None = None, blind: float = 0.0
    ) -> None:
        self.graph, self.fanout, self.seed, self.epoch, self.blind = graph, fanout, seed, epoch, blind
        self._turn = 0 if epoch is None else epoch + 1

    def reserved_runs(self, models: np.ndarray) -> np.ndarray:
        """Return (n,) the place of each model's reserved run among ``graph.edges[RUNS_OF_MODEL]``; -1 without a run."""
        runs = self.graph.edges[RUNS_OF_MODEL]
        degree = runs.degrees(models)
        return np.where(degree > 0, runs.start[models] + _draw(degree, self.seed, 0, models), -1)

    def asked_runs(self, models: np.ndarray) -> np.ndarray:
        """Return (n,) the place of each model's run that the epoch asks for; -1 for a model with fewer than two runs.

        Without an epoch these are the reserved ones.
        """
        if self.epoch is None:
            return self.reserved_runs(models)
        runs = self.graph.edges[RUNS_OF_MODEL]
        degree, start = runs.degrees(models), runs.start[models]
        beyond = self.reserved_runs(models) - start + 1 + _draw(degree - 1, self.seed, self._turn, 1, models)
        return np.where(degree > 1, start + beyond % np.maximum(degree, 1), -1)

    def is_kept_out(self, kind: str, nodes: np.ndarray) -> np.ndarray:
        """Return (n,) whether each node is of the share that plays new in every epoch."""
        return self._is_of_share(kind, nodes, 0)

    def is_blind(self, kind: str, nodes: np.ndarray) -> np.ndarray:
        """Return (n,) whether each node plays new: those that always do, and in an epoch others besides."""
        always = self.is_kept_out(kind, nodes)
        return always if self.epoch is None else always | self._is_of_share(kind, nodes, self._turn)

    def _is_of_share(self, kind: str, nodes: np.ndarray, turn: int) -> np.ndarray:
        drawn = _draw(np.full(len(nodes), _FINE), self.seed, turn, 2, NODES.index(kind), nodes)
        return drawn < self.blind * _FINE

    def neighbours(self, kind: EdgeType, nodes: np.ndarray) -> Neighbours:
        """Return edges of a type into ``nodes`` (n,): all of few, or one of each of ``fanout`` equal parts of many."""
        edges = self.graph.edges[kind]
        degree = edges.degrees(nodes)
        count = np.minimum(degree, self.fanout)
        row = np.repeat(np.arange(len(nodes)), count)
        part = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        low, high = part * degree[row] // count[row], (part + 1) * degree[row] // count[row]
        within = _draw(high - low, self.seed, self._turn, 3 + EDGES.index(kind), nodes[row], part)
        place = edges.start[nodes[row]] + low + within
        source = edges.source[place].astype(np.int64)
        shown = self._is_shown(kind, nodes[row], source)
        value = None if edges.value is None else edges.value[place[shown]]
        return Neighbours(row[shown], source[shown], value)

    def _is_shown(self, kind: EdgeType, target: np.ndarray, source: np.ndarray) -> np.ndarray:
        if kind not in (TRANSFERS_TO, RUNS_OF_MODEL):
            return np.ones(len(source), bool)
        model, dataset = (source, target) if kind == TRANSFERS_TO else (target, source)
        runs = self.graph.edges[RUNS_OF_MODEL]
        shown = runs.source[self.reserved_runs(model)] != dataset
        shown &= ~self.is_blind(DATASET, dataset) & ~self.is_blind(MODEL, model)
        if self.epoch is not None:
            asked = self.asked_runs(model)
            shown &= (asked < 0) | (runs.source[asked] != dataset)
        return shown


def _draw(below: np.ndarray, *keys: int | np.ndarray) -> np.ndarray:
    """Return (n,) whole numbers from 0 up to ``below`` (n,), hashed from keys; 0 where that is 0.

    The hash is splitmix64 (Steele, Lea and Flood, 2014, "Fast Splittable Pseudorandom Number Generators").
    """
    state = np.zeros(len(below), np.uint64)
    below = np.maximum(below, 1)
    with np.errstate(over="ignore"):
        for key in keys:
            state = state + np.asarray(key).astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state = state ^ (state >> np.uint64(31))
    drawn: np.ndarray = (state % below.astype(np.uint64)).astype(np.int64)
    return drawn
