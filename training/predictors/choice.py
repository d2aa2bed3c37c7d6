"""Which predictor suits a number of records."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.training.predictors.exact import GraphPredictor
from zoograph.training.predictors.large import _METHOD, LargePredictor
from zoograph.training.runtime.progress import Progress

# Conditioning takes the cube of the records in time and their square in memory.
MAX_EXACT_RECORDS = 6_000


def make_predictor(graph: HeteroData, progress: Progress | None = None) -> GraphPredictor | LargePredictor:
    """Return the predictor, not fitted, that suits the number of records in ``graph``."""
    if graph[TRANSFERS_TO].num_edges <= MAX_EXACT_RECORDS:
        return GraphPredictor(progress=progress)
    return LargePredictor(progress=progress)


def load_predictor(
    tensors: dict[str, Tensor], values: dict[str, Any], graph: HeteroData
) -> GraphPredictor | LargePredictor:
    """Return the predictor that ``state()`` described, of whichever kind it was."""
    kind = LargePredictor if values.get("method") == _METHOD else GraphPredictor
    return kind.from_state(tensors, values, graph)


Predictor = GraphPredictor | LargePredictor
