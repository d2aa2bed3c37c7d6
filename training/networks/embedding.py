"""Vectors of all nodes of a stored graph, a round of message passing after the other and a chunk of nodes at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.lib.format import open_memmap

from zoograph.graphs.schema import DATASET, MODEL
from zoograph.graphs.stored.stored_graph import NODES
from zoograph.graphs.stored.subgraph import neighbourhood
from zoograph.graphs.stored.thinned import ThinnedGraph
from zoograph.models.networks.two_towers import TwoTowers

_AT_ONCE = 20_000
MODELS, DATASETS, LEVELS = "models.npy", "datasets.npy", "levels.npy"


@torch.no_grad()
def embed_all(
    network: TwoTowers,
    thinned: ThinnedGraph,
    folder: Path,
    told: Callable[[int, int], None] | None = None,
    at_once: int = _AT_ONCE,
) -> None:
    """Write the vectors of all models and datasets, and the levels of datasets, as memory-mapped arrays.

    They are what :meth:`TwoTowers.forward` gives the seeds of any neighbourhood, but every state is worked out once.
    Nothing is learned: a model that came after training is embedded by its card, lineage, corpus and runs as any other.

    Args:
        network: trained, on this graph or another one with the same columns.
        thinned: what message passing reads.
        folder: of the arrays, which is made.
        told: called with (nodes done, nodes in all) over all rounds.
        at_once: nodes a chunk.
    """
    graph = thinned.graph
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {kind: graph.num_nodes(kind) for kind in NODES}
    total, done = sum(sizes.values()) * (network.num_layers + 1), 0
    width = network.model_head.in_features
    states = [
        {
            kind: open_memmap(folder / f".{kind}{turn}.npy", mode="w+", dtype=np.float32, shape=(size, width))
            for kind, size in sizes.items()
        }
        for turn in (0, 1)
    ]
    for layer in range(network.num_layers + 1):
        before, after = states[(layer + 1) % 2], states[layer % 2]
        for kind, size in sizes.items():
            for first in range(0, size, at_once):
                nodes = np.arange(first, min(first + at_once, size))
                if layer:
                    after[kind][nodes] = _passed(network, thinned, before, layer - 1, kind, nodes)
                else:
                    after[kind][nodes] = network.encode(graph, kind, nodes).numpy()
                done += len(nodes)
                if told is not None:
                    told(done, total)
    _write_towers(network, states[network.num_layers % 2], folder, at_once)
    for turn in (0, 1):
        for kind in NODES:
            (folder / f".{kind}{turn}.npy").unlink()


def _passed(
    network: TwoTowers,
    thinned: ThinnedGraph,
    before: Mapping[str, np.ndarray],
    number: int,
    kind: str,
    nodes: np.ndarray,
) -> np.ndarray:
    """Return the states (n, H) of nodes after one more round."""
    part = neighbourhood(thinned, {kind: nodes}, 1)
    x_dict = {other: torch.from_numpy(before[other][part.nodes[other]]) for other in NODES}
    attributes = network.run_attributes(thinned.graph, part)
    after = network.stack.pass_once(number, x_dict, part.edge_index, attributes)
    result: np.ndarray = after[kind][part.place(kind, nodes)].numpy()
    return result


def _write_towers(network: TwoTowers, states: Mapping[str, np.ndarray], folder: Path, at_once: int) -> None:
    datasets = torch.from_numpy(states[DATASET])
    towers = network.towers(datasets[:0], datasets)
    np.save(folder / DATASETS, towers.datasets.numpy(), allow_pickle=False)
    np.save(folder / LEVELS, towers.level.numpy(), allow_pickle=False)
    shape = len(states[MODEL]), towers.models.shape[1]
    models = open_memmap(folder / MODELS, mode="w+", dtype=np.float32, shape=shape)
    for first in range(0, len(models), at_once):
        rows = slice(first, first + at_once)
        models[rows] = network.model_head(torch.from_numpy(states[MODEL][rows])).numpy()
