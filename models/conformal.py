"""Split-conformal calibration: quantiles of held-out residuals, by which side of a pair is new."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.models.method import COVERAGE

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

SITUATIONS = ("both known", "few records", "new dataset", "new model", "new model, few records", "both new")
KNOWN, FEW_RECORDS, NEW_DATASET, NEW_MODEL, NEW_MODEL_FEW_RECORDS, BOTH_NEW = range(len(SITUATIONS))
MOST_FEW = 10
"""Measured pairs of a dataset's family that are still few."""
_ENOUGH = 30


def situation(graph: HeteroData, pairs: Tensor, hidden: Tensor | None = None) -> Tensor:
    """Return (n,) codes into ``SITUATIONS``: what is known of the model, and of the dataset, in ``graph``.

    A dataset is known by its own records, and well known by those of its family too.

    Args:
        graph: with records.
        pairs: (2, n) nodes.
        hidden: (E,) bool, records that the answer about ``pairs`` does not read; default: none.
    """
    edges = graph[TRANSFERS_TO].edge_index
    source, target = edges if hidden is None else edges[:, ~hidden]
    family, num_models = graph[DATASET].group, graph[MODEL].num_nodes
    new_model = torch.bincount(source, minlength=num_models)[pairs[0]] == 0
    new_dataset = torch.bincount(target, minlength=len(family))[pairs[1]] == 0
    few = torch.bincount(family[target], minlength=int(family.max()) + 1)[family[pairs[1]]] <= MOST_FEW
    of_dataset = torch.where(new_dataset, NEW_DATASET, torch.where(few, FEW_RECORDS, KNOWN))
    return NEW_MODEL * new_model.long() + of_dataset


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

    A situation with fewer than 30 held-out residuals takes all residuals; and what is newer is never narrower than
    what is better known. A few records leave a dataset less uncertain than none, but what they leave is worse known:
    their multiplier may be more than that of a new one.

    Args:
        residuals: (n,) absolute held-out errors, each divided by the predicted standard deviation.
        situations: (n,) codes.
    """
    widths = []
    for code in range(len(SITUATIONS)):
        own = residuals[situations == code]
        widths.append(conformal_quantile(own if len(own) >= _ENOUGH else residuals))
    return no_narrower(widths)


def no_narrower(widths: Sequence[float]) -> list[float]:
    """Return multipliers of all situations, each at least that of what is better known."""
    known, few, new_dataset, new_model, new_model_few, both = widths
    few, new_dataset, new_model = (max(known, width) for width in (few, new_dataset, new_model))
    return [known, few, new_dataset, new_model, max(few, new_model, new_model_few), max(new_dataset, new_model, both)]


def half_width(residuals: Tensor) -> float:
    """Return :func:`conformal_quantile` of absolute (n,) held-out ``residuals``; 1, the whole range, if n < 9."""
    width = conformal_quantile(residuals.abs())
    return width if math.isfinite(width) else 1.0
