r"""The plain Gaussian process: kernels on cards, labels and relations, and nothing learned but their weights.

.. math:: k\big((m, d), (m', d')\big) = k_\mathrm{level}(d, d')
    + k_\mathrm{effect}(m, m')\, k_\mathrm{spread}(d, d') + w\, s_{md}^\top s_{m'd'}
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, DATASET_NUMBERS, MODEL
from zoograph.models.gp.covariances import Covariances, dense_scores
from zoograph.models.gp.node_kernels import (
    corpus_codes,
    distance_kernel,
    distances,
    label_overlap,
    number_kernels,
    same_code,
)
from zoograph.models.pair_features import NumberScaler, fit_scalers

_Z = 1.6449  # 95 % quantile of the normal distribution: 90 % lie within it on both sides.
_NUMBERS = range(len(DATASET_NUMBERS))
_DATASET_TERMS = (
    "domain",
    *(f"number{i}" for i in _NUMBERS),
    *(f"domain_number{i}" for i in _NUMBERS),
    "cell",
    "labels",
    "domain_labels",
    "distance",
    "own",
)
_MODEL_TERMS = ("own", "numbers", "family", "corpus")
_STARTS = {
    **{f"level_{term}": 0.4 for term in _DATASET_TERMS},
    **{f"spread_{term}": 0.4 for term in _DATASET_TERMS},
    "level_own": 0.2,
    "spread_own": 0.2,
    "spread_one": 0.6,
    **{f"effect_{term}": 0.5 for term in _MODEL_TERMS},
    **{f"length_number{i}": 1.5 for i in _NUMBERS},
    "length_models": 2.0,
    "length_distance": 0.7,
    "score": 0.2,
    "floor": 0.2,
    "chance": 0.48,
}
_PRIOR_PRECISION = 0.02


class PlainKernel(nn.Module):
    """Weights and length scales of the kernels, as logarithms; in float64.

    Args:
        graph: whose numbers are read.
    """

    def __init__(self, graph: HeteroData) -> None:
        super().__init__()
        for kind in (MODEL, DATASET):
            width = graph[kind].x_number.shape[1]
            self.register_buffer(f"{kind}_mean", torch.zeros(width))
            self.register_buffer(f"{kind}_std", torch.ones(width))
        self.log = nn.ParameterDict(
            {name: nn.Parameter(torch.tensor(math.log(start), dtype=torch.float64)) for name, start in _STARTS.items()}
        )

    def fit_scale(self, graph: HeteroData, pairs: Tensor) -> None:
        """Take all scales from the nodes in ``pairs`` (2, n)."""
        for kind, scaler in fit_scalers(graph, pairs).items():
            getattr(self, f"{kind}_mean").copy_(scaler.mean)
            getattr(self, f"{kind}_std").copy_(scaler.std)

    def forward(self, graph: HeteroData) -> Covariances:
        """Return the prior covariances of all nodes of ``graph``."""
        datasets, models = self._datasets(graph), self._models(graph)
        one = torch.ones_like(datasets["own"])
        return Covariances(
            self._sum("level", datasets),
            self._sum("effect", models),
            self._sum("spread", {**datasets, "one": one}),
            dense_scores(graph),
            self._square("score"),
        )

    def noise(self, sample_size: Tensor, spread: Tensor) -> Tensor:
        """Return (n,) noise variances a + b / n in units of ``spread``; a alone if n is not known."""
        chance = torch.where(sample_size.isnan(), 0.0, 1 / sample_size.nan_to_num(1.0))
        return self._square("floor") + self._square("chance") * chance / spread.square()

    def penalty(self) -> Tensor:
        """Return minus the log prior: a broad normal around the start, on the log scale."""
        gaps = [self.log[name] - math.log(start) for name, start in _STARTS.items()]
        return torch.stack(gaps).square().sum().mul(0.5 * _PRIOR_PRECISION)

    def _square(self, name: str) -> Tensor:
        return torch.exp(2 * self.log[name])

    def _sum(self, part: str, kernels: dict[str, Tensor]) -> Tensor:
        return torch.stack([self._square(f"{part}_{term}") * k for term, k in kernels.items()]).sum(0)

    def _numbers(self, graph: HeteroData, kind: str, lengths: Tensor) -> list[Tensor]:
        store = graph[kind]
        scaler = NumberScaler(getattr(self, f"{kind}_mean"), getattr(self, f"{kind}_std"))
        return number_kernels(store.x_number.double(), store.x_number_mask, scaler, lengths)

    def _datasets(self, graph: HeteroData) -> dict[str, Tensor]:
        store = graph[DATASET]
        lengths = torch.stack([self.log[f"length_number{i}"].exp() for i in _NUMBERS])
        numbers = self._numbers(graph, DATASET, lengths)
        domain, labels = same_code(store.x_category), label_overlap(graph)
        return {
            "domain": domain,
            **{f"number{i}": numbers[i] for i in _NUMBERS},
            **{f"domain_number{i}": domain * numbers[i] for i in _NUMBERS},
            "cell": domain * torch.stack(numbers).prod(0),
            "labels": labels,
            "domain_labels": domain * labels,
            "distance": distance_kernel(distances(graph), self.log["length_distance"].exp()),
            "own": torch.eye(store.num_nodes, dtype=torch.float64),
        }

    def _models(self, graph: HeteroData) -> dict[str, Tensor]:
        store = graph[MODEL]
        lengths = self.log["length_models"].exp().expand(store.x_number.shape[1])
        numbers = self._numbers(graph, MODEL, lengths)
        return {
            "own": torch.eye(store.num_nodes, dtype=torch.float64),
            "numbers": torch.stack(numbers).prod(0),
            "family": same_code(store.x_category),
            "corpus": same_code(corpus_codes(graph)),
        }
