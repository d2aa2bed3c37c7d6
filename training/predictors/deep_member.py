"""Deep-kernel Gaussian process, one member of the ensemble: learned by evidence, then conditioned on records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET
from zoograph.models.gp.accuracy_scale import AccuracyScale
from zoograph.models.gp.covariances import Covariances
from zoograph.models.gp.deep_kernel import DeepKernel, KernelConfig
from zoograph.models.gp.inference import Posterior, condition
from zoograph.models.gp.plain_kernel import PlainKernel
from zoograph.training.predictors.records import Noise, Records

# Least standard deviation of one run, in units of its dataset's spread, where datasets have scales of their own.
_LEAST_NOISE = 0.4
_EVEN_CHANCE = 0.25


Kernel = DeepKernel | PlainKernel
Prior = Callable[[], tuple[Covariances, Noise]]


class DeepGP(nn.Module):
    """Two stages of one Gaussian process.

    The variance of an accuracy p on n images is p (1 - p) / n. A first stage without embeddings, which takes
    1/4 for p (1 - p), finds p; the second, with embeddings, uses it and answers.
    """

    def __init__(self, graph: HeteroData, config: KernelConfig) -> None:
        super().__init__()
        self.first = DeepKernel(graph, config.model_copy(update={"gnn": False}))
        self.second = DeepKernel(graph, config)

    def stages(self, graph: HeteroData, records: Records) -> Iterator[tuple[Kernel, Prior]]:
        """Yield each kernel with the prior that it is learned under, the second when the first is learned."""
        yield self.first, partial(self.prior, self.first, graph, records.scale, None)
        yield self.second, partial(self.prior, self.second, graph, records.scale, self.chance(graph, records))

    def chance(self, graph: HeteroData, records: Records) -> Tensor:
        """Return (M, D) p (1 - p) of every pair, by the first stage."""
        with torch.no_grad():
            covariances, noise = self.prior(self.first, graph, records.scale, None)
            posterior = condition(covariances, records.pairs, records.latent, noise.of(records.pairs, records.num_runs))
            p = posterior.predict_mean() * records.scale.spread + records.scale.centre
            return p.clamp(0.03, 0.97) * (1 - p.clamp(0.03, 0.97))

    def prior(
        self, kernel: DeepKernel, graph: HeteroData, scale: AccuracyScale, chance: Tensor | None
    ) -> tuple[Covariances, Noise]:
        """Return prior covariances and noise under ``kernel``; ``chance`` None takes 1/4 for every pair."""
        covariances = kernel(graph)
        size = graph[DATASET].sample_size.double()
        inverse = torch.where(size.isnan(), 0.0, 1.0 / size) / scale.spread.square()
        if chance is None:
            chance = torch.full((len(covariances.effect), len(covariances.level)), _EVEN_CHANCE, dtype=torch.float64)
        shared = kernel.variance("common") * chance.mean(0) * inverse
        run = kernel.variance("noise") * chance * inverse + kernel.variance("repeat")
        least = _LEAST_NOISE**2 if scale.standardised else 0.0
        return covariances._replace(level=covariances.level + torch.diag(shared)), Noise(run, shared, least)

    @torch.no_grad()
    def condition(self, graph: HeteroData, records: Records) -> tuple[Posterior, Noise]:
        """Return the second stage's posterior given ``records``."""
        covariances, noise = self.prior(self.second, graph, records.scale, self.chance(graph, records))
        own = noise.of(records.pairs, records.num_runs)
        return condition(covariances, records.pairs, records.latent, own), noise
