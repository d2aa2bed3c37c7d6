"""Plain-kernel Gaussian process, the other kind of member: learned by evidence in one stage."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import nn
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET
from zoograph.models.gp.accuracy_scale import AccuracyScale
from zoograph.models.gp.covariances import Covariances
from zoograph.models.gp.inference import Posterior, condition
from zoograph.models.gp.plain_kernel import PlainKernel
from zoograph.training.predictors.deep_member import Kernel, Prior
from zoograph.training.predictors.records import Noise, Records


class PlainGP(nn.Module):
    """A Gaussian process that reads tables alone, whose noise of a run is a + b / n."""

    def __init__(self, graph: HeteroData) -> None:
        super().__init__()
        self.kernel = PlainKernel(graph)

    def stages(self, graph: HeteroData, records: Records) -> Iterator[tuple[Kernel, Prior]]:
        """Yield the one kernel with the prior that it is learned under."""
        yield self.kernel, partial(self.prior, graph, records.scale)

    def prior(self, graph: HeteroData, scale: AccuracyScale) -> tuple[Covariances, Noise]:
        """Return prior covariances and noise."""
        covariances = self.kernel(graph)
        run = self.kernel.noise(graph[DATASET].sample_size.double(), scale.spread)
        return covariances, Noise(run.expand(len(covariances.effect), -1), torch.zeros_like(run), 0.0)

    @torch.no_grad()
    def condition(self, graph: HeteroData, records: Records) -> tuple[Posterior, Noise]:
        """Return the posterior given ``records``."""
        covariances, noise = self.prior(graph, records.scale)
        own = noise.of(records.pairs, records.num_runs)
        return condition(covariances, records.pairs, records.latent, own), noise
