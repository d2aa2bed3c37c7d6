"""Hiding: records are hidden one by one, by family of datasets, by model and by both, for a kernel to predict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from zoograph.data.records.records import ACCURACIES, Metric
from zoograph.graphs.schema import DATASET
from zoograph.models.evidence.cells import gather
from zoograph.models.evidence.kernel import EvidenceKernel, Side
from zoograph.models.evidence.node_features import DatasetFeatures, ModelFeatures
from zoograph.models.evidence.pair_scores import PairScores
from zoograph.models.evidence.spread import spreads
from zoograph.models.placing import placed

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

_HIDDEN_GROUPS = 12


class Hiding:
    """What a kernel loses on hidden records of a graph, given the others.

    Every way of hiding is an exact leave-out of the Gaussian process (Rasmussen and Williams, 2006, section 5.4.2), so
    that the kernel learns what newcomers are predicted from as much as what known pairs are.

    Args:
        graph: whose records are learned from.
        kernel: that is learned.
        unlearned: (E,) bool, edges whose records take no part; default: none.
        unknown: (D,) bool, datasets whose records, under any protocol, take none either; default: none.
    """

    def __init__(
        self,
        graph: HeteroData,
        kernel: EvidenceKernel,
        unlearned: Tensor | None = None,
        unknown: Tensor | None = None,
    ) -> None:
        self.graph, self.kernel, self.models = graph, kernel, ModelFeatures.of(graph)
        self.datasets = DatasetFeatures.of(graph, Metric(graph.metric) in ACCURACIES)
        records = gather(graph, self.datasets)
        records = records if unlearned is None else records.without(unlearned)
        self.records = records if unknown is None else records.at(~unknown[records.cells.dataset])
        self._scores = PairScores.of(graph).at(self.records.cells)
        self._family = graph[DATASET].group
        self._num_families = len(torch.unique(self._family[self.records.cells.dataset]))
        self._unit = spreads(self.records, graph[DATASET].num_nodes)
        self._inputs = None if kernel.network is None else kernel.network.inputs(graph)

    def sample(self, num_records: int, generator: torch.Generator) -> Tensor:
        """Return the places of some records, of which a family of datasets has by the square root of what it has.

        Otherwise a few families of many records would decide how much datasets have in common.
        """
        family = torch.unique(self._family[self.records.cells.dataset], return_inverse=True)[1]
        chance = torch.bincount(family).double()[family].rsqrt()
        return torch.multinomial(chance, min(num_records, len(chance)), generator=generator)

    def put_on(self, device: torch.device) -> None:
        """Put everything that the loss reads on a device, but for the kernel, which goes where it is trained."""
        for name in ("models", "datasets", "records", "_scores", "_family", "_unit", "_inputs"):
            setattr(self, name, placed(getattr(self, name), device))

    def loss(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Return minus the log density of what is hidden of the records at ``rows``, and minus the log prior.

        The first is a mean over records, and over the four ways of hiding: one by one, by family of datasets, by
        model, and by both. Of a hidden family, how high accuracies are and how models differ count apart: of the
        records one by one, the first is so much less certain that nothing would be learned of rankings.
        """
        inverse, residual = self._inverse(rows)
        solved, variance = inverse @ residual, 1 / inverse.diagonal()
        losses = [_minus_log_density(solved * variance, variance)]
        cells = self.records.cells.at(rows)
        family, kind = self._family[cells.dataset], cells.circumstance
        for apart, groups in ((True, [family]), (False, [cells.model]), (False, [family, cells.model])):
            levels, parts = [], []
            for place in torch.randperm(len(rows), generator=generator)[:_HIDDEN_GROUPS].tolist():
                hidden = torch.stack([group == group[place] for group in groups])
                block = hidden.any(0).nonzero().flatten()
                asked = hidden.all(0)[block]
                if len(block) < len(rows):
                    covariance = torch.linalg.inv(inverse[block[:, None], block[None]])
                    error, covariance = (covariance @ solved[block])[asked], covariance[asked][:, asked]
                    if apart:
                        level, part = _levels_and_differences(error, covariance, kind[block][asked])
                        levels.append(level)
                    else:
                        part = _minus_log_density(error, covariance.diagonal())
                    parts.append(part)
            losses += [torch.cat(column) for column in (levels, parts) if column]
        penalty = self.kernel.penalty(len(self.records), self._num_families)
        return torch.stack([part.mean() for part in losses]).mean() + penalty

    def _inverse(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return the inverse covariance of records, noise included, and how far they are from what cards say."""
        kernel, records = self.kernel, self.records.at(rows)
        # Nodes are numbered among themselves, which keeps matrices small.
        nodes, model = torch.unique(records.cells.model, return_inverse=True)
        places, dataset = torch.unique(records.cells.dataset, return_inverse=True)
        unit = self._unit[records.cells.dataset, records.cells.protocol]
        cells = records.cells._replace(model=model, dataset=dataset)
        models = kernel.models(self.models.at(nodes))
        datasets = kernel.datasets(self.datasets.at(places), kernel.embed(self.graph, self._inputs)[places])
        side = Side(cells, unit, self._scores[rows])
        covariance = kernel.covariance(side, side, kernel.shared(side, side, datasets).at(slice(None)), models)
        noise = kernel.run_noise(records.variance, side.unit)
        residual = records.logit - kernel.expected_level(cells, datasets.classes)
        return torch.linalg.inv(covariance + torch.diag(noise + 1e-6)), residual


def _levels_and_differences(error: Tensor, covariance: Tensor, kind: Tensor) -> tuple[Tensor, Tensor]:
    """Return minus the log density of the mean error of each kind (g,), and of what records differ from it (m,).

    Args:
        error: (n,) of hidden records.
        covariance: (n, n) of the errors.
        kind: (n,) dataset and protocol of each.
    """
    _, place, number = torch.unique(kind, return_inverse=True, return_counts=True)
    member = one_hot(place).double()
    mean = (member / number).t()
    centre = torch.eye(len(error)).to(member) - member @ mean
    parts = (mean, centre[number[place] > 1])
    level, differences = (_minus_log_density(rows @ error, ((rows @ covariance) * rows).sum(1)) for rows in parts)
    return level, differences


def _minus_log_density(error: Tensor, variance: Tensor) -> Tensor:
    return 0.5 * (error.square() / variance + variance.log() + math.log(2 * math.pi))
