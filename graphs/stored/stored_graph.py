"""A graph on memory-mapped files: cards of nodes as columns, and the edges of each type by their targets."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoograph.data.errors import ZoographError
from zoograph.data.files.facts import load_facts, save_facts
from zoograph.graphs.schema import DATASET, DERIVED_FROM, MODEL, PRETRAINED_ON, TRANSFERS_TO, EdgeType, reverse
from zoograph.graphs.stored.adjacency import EDGES_AT_ONCE, Adjacency, EdgeTable, write_adjacency

NODES = (MODEL, DATASET)
FORWARD = (TRANSFERS_TO, PRETRAINED_ON, DERIVED_FROM)
EDGES: tuple[EdgeType, ...] = tuple(kind for forward in FORWARD for kind in (forward, reverse(forward)))
_FACTS, _FORMAT = "graph.json", 1


class NodeTable(NamedTuple):
    """Nodes of one type.

    Attributes:
        number: (N, F) float32, NaN where a card does not say.
        category: (N,) code of the family or domain, 0 for an unknown one.
        size: (N,) samples that runs on a dataset are measured on; None for models.
        chance: (N,) what guessing gives on a dataset; None for models.
    """

    number: np.ndarray
    category: np.ndarray
    size: np.ndarray | None = None
    chance: np.ndarray | None = None


class StoredGraph:
    """Models and datasets, runs, corpora and lineage; arrays are read from disk where they are asked for.

    A copy in another process opens the files anew.

    Args:
        folder: that :func:`write_stored_graph` wrote.

    Raises:
        ZoographError: if the folder holds no such graph.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            facts = load_facts(folder / _FACTS)
            if facts["format"] != _FORMAT:
                raise ValueError(f"format {facts['format']}")
            self.num_categories: dict[str, int] = dict(facts["num_categories"])
            self.nodes = {kind: self._nodes(kind) for kind in NODES}
            self.edges = {kind: Adjacency.open(folder / kind[1]) for kind in EDGES}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ZoographError(
                f"The folder '{folder}' must hold a stored graph (got: {error}). Build it again."
            ) from error

    def __reduce__(self) -> tuple[type[StoredGraph], tuple[Path]]:
        return StoredGraph, (self.folder,)

    def num_nodes(self, kind: str) -> int:
        """Return how many nodes of a type there are."""
        return len(self.nodes[kind].category)

    @property
    def num_edges(self) -> int:
        """Edges of all types, each counted in one direction."""
        return sum(len(self.edges[kind].source) for kind in FORWARD)

    def _nodes(self, kind: str) -> NodeTable:
        def column(name: str) -> np.ndarray | None:
            path = self.folder / f"{kind}.{name}.npy"
            return np.load(path, mmap_mode="r", allow_pickle=False) if path.exists() else None

        number, category = column("number"), column("category")
        if number is None or category is None:
            raise ValueError(f"no columns of '{kind}'")
        return NodeTable(number, category, column("size"), column("chance"))


def write_stored_graph(
    folder: Path,
    nodes: Mapping[str, NodeTable],
    edges: Mapping[EdgeType, EdgeTable],
    progress: Callable[[int, int], None] | None = None,
    at_once: int = EDGES_AT_ONCE,
) -> StoredGraph:
    """Write a graph, each type of edge by its targets in both directions; it is whole or not there.

    Args:
        folder: of the graph; what is there is replaced.
        nodes: of each type in :data:`NODES`.
        edges: of each type in :data:`FORWARD`, in any order; runs carry accuracies in [0, 1].
        progress: called with (chunks done, chunks in all).
        at_once: edges that are sorted in memory at a time.

    Raises:
        ValueError: if an edge ends at no node.
        OSError: if the folder cannot be written to.
    """
    unfinished = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    total = sum(4 * -(-len(edges[kind].source) // at_once) for kind in FORWARD)
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    for node in NODES:
        for name, column in nodes[node]._asdict().items():
            if column is not None:
                np.save(unfinished / f"{node}.{name}.npy", column, allow_pickle=False)
    for forward in FORWARD:
        for kind, table in ((forward, edges[forward]), (reverse(forward), edges[forward].reversed())):
            write_adjacency(unfinished / kind[1], table, len(nodes[kind[2]].category), tick, at_once)
    categories = {node: int(nodes[node].category.max(initial=0)) for node in NODES}
    save_facts(unfinished / _FACTS, {"format": _FORMAT, "num_categories": categories})
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.replace(folder)
    return StoredGraph(folder)
