r"""The plain Gaussian process: kernels on cards, labels and relations, and nothing learned but their weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET
from zoograph.models.gp.covariances import Covariances
from zoograph.models.gp.table_kernel import TableKernel, log_starts

_MODEL_TERMS = ("own", "numbers", "family", "corpus")
_PRIOR_PRECISION = 0.02


def _starts(num_numbers: int) -> dict[str, float]:
    """Return the starting values, for datasets with so many numbers."""
    numbers = range(num_numbers)
    terms = (
        "domain",
        *(f"number{i}" for i in numbers),
        *(f"domain_number{i}" for i in numbers),
        "cell",
        "labels",
        "domain_labels",
        "distance",
        "own",
    )
    return {
        **{f"level_{term}": 0.4 for term in terms},
        **{f"spread_{term}": 0.4 for term in terms},
        "level_own": 0.2,
        "spread_own": 0.2,
        "spread_one": 0.6,
        **{f"effect_{term}": 0.5 for term in _MODEL_TERMS},
        **{f"length_number{i}": 1.5 for i in numbers},
        "length_models": 2.0,
        "length_distance": 0.7,
        "score": 0.2,
        "floor": 0.2,
        "chance": 0.48,
    }


class PlainKernel(TableKernel):
    """Weights and length scales of the kernels on tables, and the noise of a record; in float64.

    Args:
        graph: whose numbers are read.
    """

    def __init__(self, graph: HeteroData) -> None:
        num_numbers = graph[DATASET].x_number.shape[1]
        super().__init__(graph, log_starts(_starts(num_numbers), torch.float64))
        self._num_numbers = num_numbers

    def forward(self, graph: HeteroData) -> Covariances:
        """Return the prior covariances of all nodes of ``graph``."""
        datasets = self.dataset_kernels(graph)
        numbers = range(self._num_numbers)
        datasets |= {f"domain_number{i}": datasets["domain"] * datasets[f"number{i}"] for i in numbers}
        return self.combined(graph, self.model_kernels(graph), datasets)

    def noise(self, sample_size: Tensor, spread: Tensor) -> Tensor:
        """Return (n,) noise variances a + b / n in units of ``spread``; a alone if n is not known."""
        chance = torch.where(sample_size.isnan(), 0.0, 1 / sample_size.nan_to_num(1.0))
        return self.variance("floor") + self.variance("chance") * chance / spread.square()

    def penalty(self) -> Tensor:
        """Return minus the log prior: a broad normal around the start, on the log scale."""
        gaps = [self.log[name] - math.log(start) for name, start in _starts(self._num_numbers).items()]
        return torch.stack(gaps).square().sum().mul(0.5 * _PRIOR_PRECISION)
