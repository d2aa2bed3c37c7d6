r"""Base of the kernels of accuracies: kernels on cards, labels and relations, each with a learned weight.

.. math:: k\big((m, d), (m', d')\big) = k_\mathrm{level}(d, d')
    + k_\mathrm{effect}(m, m')\, k_\mathrm{spread}(d, d') + w\, s_{md}^\top s_{m'd'}

The level says how hard a dataset is, the effect how good a model is and on which datasets it is so, and the last term
reads the transferability scores of the pair.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, MODEL
from zoograph.models.gp.covariances import Covariances, dense_scores
from zoograph.models.gp.node_kernels import (
    corpus_codes,
    distance_kernel,
    distances,
    label_overlap,
    number_kernels,
    same_code,
)
from zoograph.models.pair_features import fit_scales
from zoograph.models.standardizer import Standardizer


class TableKernel(nn.Module, ABC):
    """Weights and length scales of named kernels, as logarithms.

    A weight is called ``level_``, ``effect_`` or ``spread_`` and the name of its kernel; a kernel without a weight
    takes no part. Lengths are ``length_models``, ``length_number0``, … of the datasets, and ``length_distance``.

    Args:
        graph: whose numbers are read.
        logs: of the starting values, by name.
    """

    def __init__(self, graph: HeteroData, logs: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.scales = nn.ModuleDict({kind: Standardizer(graph[kind].x_number.shape[1]) for kind in (MODEL, DATASET)})
        self.log = nn.ParameterDict({name: nn.Parameter(log.double()) for name, log in logs.items()})

    @abstractmethod
    def forward(self, graph: HeteroData) -> Covariances:
        """Return the prior covariances of all nodes of ``graph``."""

    @abstractmethod
    def penalty(self) -> Tensor:
        """Return minus the log prior, up to a constant."""

    def fit_scale(self, graph: HeteroData, pairs: Tensor) -> None:
        """Take all scales from the nodes in ``pairs`` (2, n)."""
        fit_scales(self.scales, graph, pairs)

    def variance(self, name: str) -> Tensor:
        """Return the square of a learned amplitude."""
        return (2 * self.log[name]).exp()

    def combined(self, graph: HeteroData, models: dict[str, Tensor], datasets: dict[str, Tensor]) -> Covariances:
        """Return the weighted sums of kernels of models (M, M) and of datasets (D, D)."""
        return Covariances(
            self._sum("level", datasets),
            self._sum("effect", models),
            self._sum("spread", datasets),
            dense_scores(graph),
            self.variance("score"),
        )

    def model_kernels(self, graph: HeteroData) -> dict[str, Tensor]:
        """Return (M, M) kernels of the cards."""
        store = graph[MODEL]
        lengths = self.log["length_models"].exp().expand(store.x_number.shape[1])
        return {
            "own": torch.eye(store.num_nodes, dtype=torch.float64),
            "numbers": torch.stack(self._numbers(graph, MODEL, lengths)).prod(0),
            "family": same_code(store.x_category),
            "corpus": same_code(corpus_codes(graph)),
        }

    def dataset_kernels(self, graph: HeteroData) -> dict[str, Tensor]:
        """Return (D, D) kernels of the cards, labels and measured distances; a cell is one domain and alike numbers."""
        store = graph[DATASET]
        lengths = torch.stack([self.log[f"length_number{i}"] for i in range(store.x_number.shape[1])]).exp()
        numbers = self._numbers(graph, DATASET, lengths)
        own = torch.eye(store.num_nodes, dtype=torch.float64)
        domain, labels = same_code(store.x_category), label_overlap(graph)
        return {
            "own": own,
            "one": torch.ones_like(own),
            **{f"number{i}": kernel for i, kernel in enumerate(numbers)},
            "domain": domain,
            "cell": domain * torch.stack(numbers).prod(0),
            "domain_labels": domain * labels,
            "labels": labels,
            "distance": distance_kernel(distances(graph), self.log["length_distance"].exp()),
        }

    def _sum(self, part: str, kernels: dict[str, Tensor]) -> Tensor:
        weighted = {name: kernel for name, kernel in kernels.items() if f"{part}_{name}" in self.log}
        return torch.stack([self.variance(f"{part}_{name}") * kernel for name, kernel in weighted.items()]).sum(0)

    def _numbers(self, graph: HeteroData, kind: str, lengths: Tensor) -> list[Tensor]:
        store, scale = graph[kind], cast(Standardizer, self.scales[kind])
        return number_kernels(store.x_number.double(), store.x_number_mask, scale, lengths)


def log_starts(starts: Mapping[str, float], dtype: torch.dtype) -> dict[str, Tensor]:
    """Return the logarithms of positive starting values."""
    return {name: torch.tensor(math.log(value), dtype=dtype) for name, value in starts.items()}
