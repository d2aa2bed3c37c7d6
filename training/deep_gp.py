"""One member of the predictor: a deep kernel learned by evidence, then conditioned on records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.models.accuracy_scale import AccuracyScale
from zoograph.models.deep_kernel import Covariances, DeepKernel, KernelConfig
from zoograph.models.exact_gp import Posterior, condition
from zoograph.models.gaussian_process import PlainKernel

# Least standard deviation of one run, in units of its dataset's spread, where datasets have scales of their own.
_LEAST_NOISE = 0.4
_EVEN_CHANCE = 0.25


class Records(NamedTuple):
    """Visible records of a graph that carry a ranking, in standard units.

    Attributes:
        pairs: (2, n).
        latent: (n,).
        num_runs: (n,).
        scale: what a standard unit is.
    """

    pairs: Tensor
    latent: Tensor
    num_runs: Tensor
    scale: AccuracyScale

    @classmethod
    def of(cls, graph: HeteroData, visible: Tensor | None = None) -> Records:
        """Return the records of ``graph``, or only the ``visible`` (E,) ones."""
        store = graph[TRANSFERS_TO]
        kept = torch.ones(store.num_edges, dtype=torch.bool) if visible is None else visible
        pairs, values = store.edge_index[:, kept], store.edge_label[kept].double()
        scale = AccuracyScale.fitted(values, pairs[1], graph[DATASET].num_nodes)
        telling = scale.informative[pairs[1]]
        pairs, values = pairs[:, telling], values[telling]
        return cls(pairs, scale.latent(values, pairs[1]), store.num_runs[kept][telling].double(), scale)

    def sample(self, most: int, seed: int) -> Tensor:
        """Return the indices of at most ``most`` records, drawn by ``seed``."""
        order = torch.randperm(len(self.latent), generator=torch.Generator().manual_seed(seed))
        return order[:most].sort().values


class Noise(NamedTuple):
    """How measured latents scatter: variances of a run, and what all runs on a dataset's test set share.

    Attributes:
        run: (M, D) variance of one run about the truth.
        shared: (D,) variance that all models have in common on a dataset.
        least: variance that repeating a run does not average away.
    """

    run: Tensor
    shared: Tensor
    least: float

    def of(self, pairs: Tensor, num_runs: Tensor | float = 1.0) -> Tensor:
        """Return (n,) noise variances of means over ``num_runs``."""
        return self.run[pairs[0], pairs[1]] / num_runs + self.least


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
