"""Edges by their targets: by hand, and against scipy in chunks of any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import coo_array

from zoograph.graphs.stored.adjacency import Adjacency, EdgeTable, write_adjacency


def test_four_edges_by_hand(tmp_path: Path) -> None:
    edges = EdgeTable(np.array([7, 5, 6, 4]), np.array([2, 0, 2, 1]), np.array([0.7, 0.5, 0.6, 0.4], np.float32))
    write_adjacency(tmp_path / "runs", edges, 4)
    found = Adjacency.open(tmp_path / "runs")
    assert found.start.tolist() == [0, 1, 2, 4, 4]
    assert found.source.tolist() == [5, 4, 7, 6]
    assert found.value is not None
    assert found.value.tolist() == pytest.approx([0.5, 0.4, 0.7, 0.6])
    assert found.degrees(np.array([3, 2])).tolist() == [0, 2]


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_it_is_what_scipy_makes(tmp_path: Path, at_once: int) -> None:
    rng = np.random.default_rng(0)
    pairs = rng.permutation(40 * 30)[:300]
    edges = EdgeTable(pairs // 30, pairs % 30, rng.random(300).astype(np.float32))
    ticks: list[None] = []
    write_adjacency(tmp_path / "x", edges, 30, lambda: ticks.append(None), at_once)
    found = Adjacency.open(tmp_path / "x")
    matrix = coo_array((edges.value, (edges.target, edges.source)), shape=(30, 40)).tocsr()
    assert found.start.tolist() == matrix.indptr.tolist()
    for node in range(30):
        rows = slice(found.start[node], found.start[node + 1])
        assert dict(zip(found.source[rows], found.value[rows], strict=True)) == dict(
            zip(matrix.indices[rows], matrix.data[rows], strict=True)
        )
    assert len(ticks) == 2 * -(-300 // at_once)


def test_edges_without_values_and_none_at_all(tmp_path: Path) -> None:
    write_adjacency(tmp_path / "x", EdgeTable(np.zeros(0, int), np.zeros(0, int)), 2)
    found = Adjacency.open(tmp_path / "x")
    assert found.value is None
    assert found.start.tolist() == [0, 0, 0]


def test_an_edge_must_end_at_a_node(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nodes from 0 to 1 \(got 0, 2\)"):
        write_adjacency(tmp_path / "x", EdgeTable(np.array([0, 0]), np.array([0, 2])), 2)
