"""Compressed sparse rows on memory-mapped files: the neighbours of every node, from edges in any order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib.format import open_memmap

EDGES_AT_ONCE = 4_000_000


class EdgeTable(NamedTuple):
    """Edges in any order, memory-mapped or in memory.

    Attributes:
        source, target: (E,) nodes.
        value: (E,) what each carries; None for nothing.
    """

    source: np.ndarray
    target: np.ndarray
    value: np.ndarray | None = None

    def reversed(self) -> EdgeTable:
        """Return the same edges walked backwards."""
        return EdgeTable(self.target, self.source, self.value)


class Adjacency(NamedTuple):
    """Edges by their targets.

    Attributes:
        start: (N + 1,) where the edges of each target begin.
        source: (E,) nodes.
        value: (E,) what each carries; None for nothing.
    """

    start: np.ndarray
    source: np.ndarray
    value: np.ndarray | None

    @classmethod
    def open(cls, stem: Path) -> Adjacency:
        """Return what :func:`write_adjacency` wrote."""
        value = _part(stem, "value")
        return cls(
            open_array(_part(stem, "start")),
            open_array(_part(stem, "source")),
            open_array(value) if value.exists() else None,
        )

    def degrees(self, nodes: np.ndarray) -> np.ndarray:
        """Return (n,) how many edges end at each of ``nodes``."""
        result: np.ndarray = self.start[nodes + 1] - self.start[nodes]
        return result


def write_adjacency(
    stem: Path,
    edges: EdgeTable,
    num_targets: int,
    tick: Callable[[], None] = lambda: None,
    at_once: int = EDGES_AT_ONCE,
) -> None:
    """Write edges by their targets, by a counting sort in two passes over chunks.

    Memory is bounded by a chunk and the numbers of edges of all nodes; the files are written in place, through the page
    cache. Edges of one target keep their order.

    Args:
        stem: of the files' names, in a folder that is there.
        edges: to be sorted.
        num_targets: nodes that edges may end at.
        tick: called after each chunk of each pass.
        at_once: edges a chunk.

    Raises:
        ValueError: if an edge ends at no node.
    """
    size = len(edges.target)
    degrees = np.zeros(num_targets, np.int64)
    for first in range(0, size, at_once):
        target = np.asarray(edges.target[first : first + at_once])
        if target.min() < 0 or target.max() >= num_targets:
            raise ValueError(
                f"Edges must end at nodes from 0 to {num_targets - 1} (got {target.min()}, {target.max()})."
            )
        degrees += np.bincount(target, minlength=num_targets)
        tick()
    start = np.concatenate([np.zeros(1, np.int64), np.cumsum(degrees)])
    np.save(_part(stem, "start"), start, allow_pickle=False)
    source = _create(_part(stem, "source"), np.int32, size)
    value = None if edges.value is None else _create(_part(stem, "value"), np.float32, size)
    free = start[:-1].copy()
    for first in range(0, size, at_once):
        rows = slice(first, first + at_once)
        target = np.asarray(edges.target[rows])
        order = np.argsort(target, kind="stable")
        target = target[order]
        begins = np.flatnonzero(np.diff(target, prepend=-1))
        counts = np.diff(begins, append=len(target))
        place = np.repeat(free[target[begins]] - begins, counts) + np.arange(len(target))
        free[target[begins]] += counts
        source[place] = edges.source[rows][order]
        if value is not None and edges.value is not None:
            value[place] = edges.value[rows][order]
        tick()


def open_array(path: Path) -> np.ndarray:
    """Return an array of a file, memory-mapped unless it is empty."""
    mapped: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped


def _create(path: Path, kind: type, size: int) -> np.ndarray:
    """Return a new array on disk; of none, which cannot be mapped, an array in memory and its file."""
    if size:
        return open_memmap(path, mode="w+", dtype=kind, shape=(size,))
    np.save(path, np.zeros(0, kind), allow_pickle=False)
    return np.zeros(0, kind)


def _part(stem: Path, name: str) -> Path:
    return stem.with_name(f"{stem.name}.{name}.npy")
