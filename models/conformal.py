"""Split-conformal calibration: quantiles of held-out residuals, by which side of a pair is new."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.models.method import COVERAGE

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

SITUATIONS = ("both known", "new dataset", "new model", "both new")
_ENOUGH = 30


def situation(graph: HeteroData, pairs: Tensor) -> Tensor:
    """Return (n,) codes into ``SITUATIONS``: whether the model and the dataset have records in ``graph``."""
    source, target = graph[TRANSFERS_TO].edge_index
    known_model = torch.zeros(graph[MODEL].num_nodes, dtype=torch.bool)
    known_dataset = torch.zeros(graph[DATASET].num_nodes, dtype=torch.bool)
    known_model[source], known_dataset[target] = True, True
    return 2 * (~known_model[pairs[0]]).long() + (~known_dataset[pairs[1]]).long()


def conformal_quantile(residuals: Tensor, coverage: float = COVERAGE) -> float:
    """Return the split-conformal quantile of (n,) normalised residuals; inf if n is too small to promise anything.

    The ``ceil((n + 1) coverage)``-th smallest residual (Lei et al., 2018, "Distribution-Free Predictive
    Inference for Regression", section 2.2).
    """
    rank = math.ceil((len(residuals) + 1) * coverage)
    return math.inf if rank > len(residuals) else float(residuals.sort().values[rank - 1])


def grouped_quantile(residuals: Tensor, group: Tensor, coverage: float = COVERAGE) -> float:
    """Return the quantile of (n,) residuals in which every (n,) group counts alike, however many it has.

    Residuals of a group err together, so that the number of groups is what a quantile rests on.
    """
    _, place, size = torch.unique(group, return_inverse=True, return_counts=True)
    weight = 1 / size[place].double()
    order = residuals.argsort()
    reached = weight[order].cumsum(0) >= coverage * weight.sum() - 1e-9
    return float(residuals[order][reached.nonzero()[0, 0]])


def calibrate(residuals: Tensor, situations: Tensor) -> list[float]:
    """Return the width multiplier of each situation.

    A situation with fewer than 30 held-out residuals takes all residuals; and what is newer is never
    narrower than what is better known.

    Args:
        residuals: (n,) absolute held-out errors, each divided by the predicted standard deviation.
        situations: (n,) codes.
    """
    widths = []
    for code in range(len(SITUATIONS)):
        own = residuals[situations == code]
        widths.append(conformal_quantile(own if len(own) >= _ENOUGH else residuals))
    known, new_dataset, new_model, _ = widths
    return [known, max(known, new_dataset), max(known, new_model), max(widths)]


def half_width(residuals: Tensor) -> float:
    """Return :func:`conformal_quantile` of absolute (n,) held-out ``residuals``; 1, the whole range, if n < 9."""
    width = conformal_quantile(residuals.abs())
    return width if math.isfinite(width) else 1.0
