"""Gaussian process on hand-made features of models and datasets."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET
from zoograph.models.gp.accuracy_scale import AccuracyScale
from zoograph.models.gp.evidence import evidence_loss, evidence_optimizer
from zoograph.models.gp.inference import Posterior, condition
from zoograph.models.gp.plain_kernel import PlainKernel
from zoograph.models.intervals import bounded
from zoograph.models.method import INTERVAL_SIGMAS, Method, Prediction
from zoograph.models.training_records import TrainingRecords


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
        width = INTERVAL_SIGMAS * (variance * spread.square() + doubt.square()).sqrt()
        mean = bounded(centre + spread * latent)
        return Prediction(mean.float(), (mean - width).clamp(0, 1).float(), (mean + width).clamp(0, 1).float())

    def _learn(self, records: TrainingRecords) -> None:
        optimizer = evidence_optimizer(self._kernel.parameters(), self.num_iterations)
        pairs = torch.stack([records.model, records.dataset])
        latent = self._scale.latent(records.value, records.dataset)
        spread = self._scale.spread[records.dataset]

        def closure() -> Tensor:
            optimizer.zero_grad()
            noise = self._kernel.noise(records.sample_size, spread)
            loss = evidence_loss(self._kernel(self._graph), pairs, noise, latent) + self._kernel.penalty()
            loss.backward()
            return loss

        optimizer.step(closure)

    @torch.no_grad()
    def _condition(self, graph: HeteroData) -> Posterior:
        """Condition on the fitted records as pairs of ``graph``, without those of nodes that it lacks."""
        kept, pairs = self._records.moved_to(graph)
        latent = self._scale.latent(kept.value, kept.dataset)
        noise = self._kernel.noise(kept.sample_size, self._scale.spread[kept.dataset])
        return condition(self._kernel(graph), pairs, latent, noise)
