r"""The plain Gaussian process: kernels on cards, labels and relations, and nothing learned but their weights.

.. math:: k\big((m, d), (m', d')\big) = k_\mathrm{level}(d, d')
    + k_\mathrm{effect}(m, m')\, k_\mathrm{spread}(d, d') + w\, s_{md}^\top s_{m'd'}
"""

from __future__ import annotations

import math
from typing import Self

import torch
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, DATASET_NUMBERS, MODEL
from zoograph.models.accuracy_scale import AccuracyScale
from zoograph.models.deep_kernel import Covariances, dense_scores
from zoograph.models.exact_gp import NegativeLogEvidence, Posterior, condition, gram
from zoograph.models.intervals import bounded
from zoograph.models.method import Method, Prediction
from zoograph.models.node_kernels import (
    corpus_codes,
    distance_kernel,
    distances,
    label_overlap,
    number_kernels,
    same_code,
)
from zoograph.models.pair_features import NumberScaler, fit_scalers
from zoograph.models.training_records import TrainingRecords, same_names

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


class GaussianProcess(Method):
    """Exact Gaussian process on cards, label overlap, measured distances, identities and scores.

    Its hyper-parameters have the highest marginal likelihood (Rasmussen and Williams, 2006, "Gaussian
    Processes for Machine Learning", equation 2.30), found by L-BFGS. Noise is a + b / n for a record of n
    images. Accuracies are standardised within datasets where these have 20 records or more on average
    (:class:`AccuracyScale`). Intervals are the posterior's, noise included. A newcomer is known by its card;
    what its card does not tell falls back to the prior.

    Args:
        num_iterations: of L-BFGS.
        num_records: that hyper-parameters are learned from at most, drawn at random; predictions are
            conditioned on all records.
    """

    def __init__(self, num_iterations: int = 30, num_records: int = 1400) -> None:
        self.num_iterations, self.num_records = num_iterations, num_records

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        records = self._records = TrainingRecords.of(graph, minimum=2)
        self._graph = graph
        # One dataset more than there are: the last one stands for every newcomer.
        self._scale = AccuracyScale.fitted(records.value, records.dataset, len(records.dataset_ids) + 1)
        self._counts = torch.bincount(records.dataset, minlength=len(records.dataset_ids) + 1)
        self._kernel = PlainKernel(graph)
        self._kernel.fit_scale(graph, torch.stack([records.model, records.dataset]))
        order = torch.randperm(len(records), generator=torch.Generator().manual_seed(0))
        self._learn(records.taken(order[: self.num_records].sort().values))
        self._posterior = self._condition(graph)
        return self

    @torch.no_grad()
    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`."""
        if graph is None or graph is self._graph:
            graph, posterior = self._graph, self._posterior
        else:
            posterior = self._condition(graph)
        places = self._records.datasets_of(graph, pairs[1])
        centre, spread = self._scale.centre[places], self._scale.spread[places]
        doubt = torch.where(self._counts[places] < 3, self._scale.doubt, 0.0)
        latent, variance = posterior.predict(pairs)
        variance = variance + self._kernel.noise(graph[DATASET].sample_size[pairs[1]].double(), spread)
        width = _Z * (variance * spread.square() + doubt.square()).sqrt()
        mean = bounded(centre + spread * latent)
        return Prediction(mean.float(), (mean - width).clamp(0, 1).float(), (mean + width).clamp(0, 1).float())

    def _learn(self, records: TrainingRecords) -> None:
        optimizer = torch.optim.LBFGS(
            self._kernel.parameters(),
            max_iter=self.num_iterations,
            history_size=20,
            line_search_fn="strong_wolfe",
        )
        pairs = torch.stack([records.model, records.dataset])
        latent = self._scale.latent(records.value, records.dataset)
        spread = self._scale.spread[records.dataset]

        def closure() -> Tensor:
            optimizer.zero_grad()
            noise = self._kernel.noise(records.sample_size, spread)
            covariance = gram(self._kernel(self._graph), pairs) + torch.diag(noise)
            loss = torch.as_tensor(NegativeLogEvidence.apply(covariance, latent)) + self._kernel.penalty()
            loss.backward()
            return loss

        optimizer.step(closure)

    @torch.no_grad()
    def _condition(self, graph: HeteroData) -> Posterior:
        """Condition on the fitted records as pairs of ``graph``, without those of nodes that it lacks."""
        records = self._records
        models = same_names(records.model_ids, graph[MODEL].ids)[records.model]
        datasets = same_names(records.dataset_ids, graph[DATASET].ids)[records.dataset]
        pairs = torch.stack([models, datasets])
        held = (pairs >= 0).all(0)
        kept = records.taken(held)
        latent = self._scale.latent(kept.value, kept.dataset)
        noise = self._kernel.noise(kept.sample_size, self._scale.spread[kept.dataset])
        return condition(self._kernel(graph), pairs[:, held], latent, noise)
