"""Hiding: records are hidden one by one, by dataset, by model and by both, and a kernel learns to predict them."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.records.records import ACCURACIES, Metric
from zoograph.models.evidence.cells import Records, gather
from zoograph.models.evidence.kernel import EvidenceKernel
from zoograph.models.evidence.node_features import DatasetFeatures, ModelFeatures
from zoograph.models.evidence.spread import spreads

_HIDDEN_GROUPS = 12


class Hiding:
    """What a kernel loses on hidden records of a graph, given the others.

    Every way of hiding is an exact leave-out of the Gaussian process (Rasmussen and Williams, 2006, section 5.4.2), so
    that the kernel learns what newcomers are predicted from as much as what known pairs are.

    Args:
        graph: whose records are learned from.
        kernel: that is learned.
    """

    def __init__(self, graph: HeteroData, kernel: EvidenceKernel) -> None:
        self.graph, self.kernel, self.models = graph, kernel, ModelFeatures.of(graph)
        self.datasets = DatasetFeatures.of(graph, Metric(graph.metric) in ACCURACIES)
        self.records = gather(graph, self.datasets)
        self._unit = spreads(self.records, graph["dataset"].num_nodes)

    def loss(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Return minus the log density of what is hidden of the records at ``rows``, and minus the log prior."""
        taken = self._among(self.records.at(rows))
        return self._hidden_losses(taken, generator) + self.kernel.penalty() / len(self.records)

    def _among(self, records: Records) -> Records:
        """Return records whose models are numbered among themselves, which keeps matrices small."""
        self._nodes, place = torch.unique(records.cells.model, return_inverse=True)
        return replace(records, cells=records.cells._replace(model=place))

    def _hidden_losses(self, records: Records, generator: torch.Generator) -> Tensor:
        """Return minus the log predictive density of hidden records, mean over records and over ways of hiding."""
        inverse, residual = self._inverse(records)
        solved = inverse @ residual
        variance = 1 / inverse.diagonal()
        losses = [_minus_log_density(solved * variance, variance)]
        dataset, model = records.cells.dataset, records.cells.model
        for groups in ([dataset], [model], [dataset, model]):
            parts = []
            for row in torch.randperm(len(dataset), generator=generator)[:_HIDDEN_GROUPS].tolist():
                hidden = torch.stack([group == group[row] for group in groups])
                block = hidden.any(0).nonzero().flatten()
                asked = hidden.all(0)[block]
                if len(block) < len(dataset):
                    covariance = torch.linalg.inv(inverse[block[:, None], block[None]])
                    error = (covariance @ solved[block])[asked]
                    parts.append(_minus_log_density(error, covariance.diagonal()[asked]))
            losses += [torch.cat(parts)] if parts else []
        return torch.stack([part.mean() for part in losses]).mean()

    def _inverse(self, records: Records) -> tuple[Tensor, Tensor]:
        kernel, cells = self.kernel, records.cells
        embeddings = kernel.embed(self.graph)
        models = kernel.models(self.models.at(self._nodes), embeddings[0][self._nodes])
        datasets = kernel.datasets(self.datasets, embeddings[1])
        unit = self._unit[cells.dataset, cells.protocol]
        covariance = kernel.level(cells, cells, datasets)
        covariance = covariance + unit[:, None] * unit[None] * kernel.skill(cells, cells, datasets, models)
        noise = records.variance * kernel.value("noise.test") + kernel.value("noise.run") * unit.square()
        residual = records.logit - kernel.expected_level(cells, datasets.classes)
        return torch.linalg.inv(covariance + torch.diag(noise + 1e-6)), residual


def _minus_log_density(error: Tensor, variance: Tensor) -> Tensor:
    return 0.5 * (error.square() / variance + variance.log() + math.log(2 * math.pi))
