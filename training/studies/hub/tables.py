"""The tables of a synthetic hub as a stored graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from zoograph.data.testing.synthetic_hub import Hub
from zoograph.graphs.schema import DATASET, DERIVED_FROM, MODEL, PRETRAINED_ON, TRANSFERS_TO
from zoograph.graphs.stored.adjacency import EdgeTable
from zoograph.graphs.stored.stored_graph import NodeTable, StoredGraph, write_stored_graph


def write_hub_graph(folder: Path, hub: Hub, progress: Callable[[int, int], None] | None = None) -> StoredGraph:
    """Write the graph of a hub; of its truth nothing is read.

    Args:
        folder: of the graph.
        hub: drawn.
        progress: called with (chunks done, chunks in all).
    """
    models = np.arange(len(hub.parent))
    derived = hub.parent >= 0
    chance = np.exp(-hub.dataset_number[:, 0])
    return write_stored_graph(
        folder,
        {
            MODEL: NodeTable(hub.model_number, hub.model_family),
            DATASET: NodeTable(hub.dataset_number, hub.dataset_domain, hub.dataset_size, chance),
        },
        {
            TRANSFERS_TO: EdgeTable(hub.run_model, hub.run_dataset, hub.run_value),
            PRETRAINED_ON: EdgeTable(models, hub.corpus),
            DERIVED_FROM: EdgeTable(models[derived], hub.parent[derived]),
        },
        progress,
    )
