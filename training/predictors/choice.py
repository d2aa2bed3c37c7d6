"""Choice of the predictor by the number of records: exact Gaussian processes or sampled networks."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.training.predictors.exact import ExactPredictor
from zoograph.training.predictors.sampled import SAMPLED, SampledPredictor
from zoograph.training.runtime.progress import Progress

# Conditioning takes the cube of the records in time and their square in memory.
MAX_EXACT_RECORDS = 6_000


def make_predictor(graph: HeteroData, progress: Progress | None = None) -> ExactPredictor | SampledPredictor:
    """Return the predictor, not fitted, that suits the number of records in ``graph``."""
    if graph[TRANSFERS_TO].num_edges <= MAX_EXACT_RECORDS:
        return ExactPredictor(progress=progress)
    return SampledPredictor(progress=progress)


def load_predictor(
    tensors: dict[str, Tensor], values: dict[str, Any], graph: HeteroData
) -> ExactPredictor | SampledPredictor:
    """Return the predictor that ``state()`` described, of whichever kind it was."""
    kind = SampledPredictor if values.get("method") == SAMPLED else ExactPredictor
    return kind.from_state(tensors, values, graph)


Predictor = ExactPredictor | SampledPredictor
