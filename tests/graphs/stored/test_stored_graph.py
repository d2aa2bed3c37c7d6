"""A graph on disk: written whole, opened, sent to another process, and refused where it is broken."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from zoograph.data.errors import ZoographError
from zoograph.graphs.schema import DATASET, DERIVED_FROM, MODEL, PRETRAINED_ON, TRANSFERS_TO, reverse
from zoograph.graphs.stored.adjacency import EdgeTable
from zoograph.graphs.stored.stored_graph import NodeTable, StoredGraph, write_stored_graph


def _write(folder: Path, run_on: int = 1) -> StoredGraph:
    """Write two models, of which the second comes from the first, and two datasets."""
    none = np.zeros(0, np.int64)
    return write_stored_graph(
        folder,
        {
            MODEL: NodeTable(np.array([[1.0], [np.nan]], np.float32), np.array([3, 3])),
            DATASET: NodeTable(np.zeros((2, 0), np.float32), np.array([1, 0]), np.array([90.0, 80.0]), np.zeros(2)),
        },
        {
            TRANSFERS_TO: EdgeTable(np.array([0, 1, 0]), np.array([0, 0, run_on]), np.array([0.5, 0.25, 0.75])),
            PRETRAINED_ON: EdgeTable(none, none),
            DERIVED_FROM: EdgeTable(np.array([1]), np.array([0])),
        },
    )


def test_both_directions_by_hand(tmp_path: Path) -> None:
    graph = _write(tmp_path / "graph")
    runs, back = graph.edges[TRANSFERS_TO], graph.edges[reverse(TRANSFERS_TO)]
    assert (runs.start.tolist(), runs.source.tolist()) == ([0, 2, 3], [0, 1, 0])
    assert (back.start.tolist(), back.source.tolist()) == ([0, 2, 3], [0, 1, 0])
    assert back.value is not None
    assert back.value.tolist() == [0.5, 0.75, 0.25]
    assert graph.edges[reverse(DERIVED_FROM)].start.tolist() == [0, 0, 1]
    assert (graph.num_edges, graph.num_nodes(MODEL)) == (4, 2)
    assert graph.num_categories == {MODEL: 3, DATASET: 1}
    assert graph.nodes[MODEL].size is None


def test_another_process_opens_the_files_anew(tmp_path: Path) -> None:
    graph = _write(tmp_path / "graph")
    rebuilt, arguments = graph.__reduce__()
    assert rebuilt(*arguments).num_edges == 4
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(StoredGraph.num_nodes, (graph, DATASET)) == 2


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    _write(tmp_path / "graph")
    with pytest.raises(ValueError, match="must end at nodes"):
        _write(tmp_path / "graph", run_on=2)
    assert StoredGraph(tmp_path / "graph").num_edges == 4


def test_a_folder_without_a_graph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ZoographError, match=r"must hold a stored graph .*Build it again"):
        StoredGraph(tmp_path)
    graph = _write(tmp_path / "graph")
    (graph.folder / "transfers_to.source.npy").unlink()
    with pytest.raises(ZoographError, match="must hold a stored graph"):
        StoredGraph(graph.folder)
