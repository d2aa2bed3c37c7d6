"""Posterior of the evidence: conditioned exactly on the records that bear on a question."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.records.records import ACCURACIES, Metric
from zoograph.models.evidence.accuracy_logit import binomial_variance
from zoograph.models.evidence.cells import Cells, Records, gather
from zoograph.models.evidence.kernel import DatasetCovariances, EvidenceKernel, ModelCovariances
from zoograph.models.evidence.node_features import DatasetFeatures, ModelFeatures
from zoograph.models.evidence.pair_scores import PairScores
from zoograph.models.evidence.relevant import choose_relevant
from zoograph.models.evidence.spread import spreads


class Prior(NamedTuple):
    """What a kernel says of a graph before anything is measured.

    Attributes:
        kernel: with its parameters.
        models, datasets: prior covariances of the graph's nodes.
        features: of the datasets.
        scores: of pairs.
        records: everything that was measured in the graph.
    """

    kernel: EvidenceKernel
    models: ModelCovariances
    datasets: DatasetCovariances
    features: DatasetFeatures
    scores: PairScores
    records: Records

    @classmethod
    def of(cls, kernel: EvidenceKernel, graph: HeteroData) -> Prior:
        """Return the prior of a graph."""
        features = DatasetFeatures.of(graph, Metric(graph.metric) in ACCURACIES)
        models, datasets = kernel.embed(graph)
        known = kernel.models(ModelFeatures.of(graph), models), kernel.datasets(features, datasets)
        return cls(kernel, *known, features, PairScores.of(graph), gather(graph, features))

    def ask(self, pairs: Tensor, protocol: int) -> Cells:
        """Return the cells of (2, n) pairs under a protocol, each on all samples of its dataset."""
        model, dataset = pairs
        return Cells(model, dataset, torch.full_like(model, protocol), self.features.per_class[dataset])


class Posterior:
    """Conditioned on what bears on some datasets under a protocol.

    Args:
        prior: of a graph.
        datasets: (t,) nodes that are asked for.
        protocol: that is asked for.
        records: what may be known; default: everything that was measured.
    """

    def __init__(self, prior: Prior, datasets: Tensor, protocol: int, records: Records | None = None) -> None:
        known = prior.records if records is None else records
        self.prior = prior
        self.spread = spreads(known, len(prior.features.domain))
        near = prior.datasets.where[:, torch.unique(datasets)].max(1).values
        near = near + 10.0 * torch.isin(torch.arange(len(near)), datasets)
        chosen = choose_relevant(known, near, self.spread, protocol)
        self.records, means = chosen.records, chosen.means
        self.datasets = prior.datasets.with_means(chosen.weights)
        self._cells = self.records.cells.and_(means.cells)
        unit = self.unit(self.records.cells)
        self._unit = torch.cat([unit, torch.ones(len(means), dtype=unit.dtype)])
        kernel = prior.kernel
        expected = kernel.expected_level(self.records.cells, self.datasets.classes)
        self.residual = torch.cat([self.records.logit - expected, means.logit])
        noise = torch.cat([self.records.variance * kernel.value("noise.test"), means.variance])
        single = torch.cat([torch.ones_like(unit), torch.zeros(len(means), dtype=unit.dtype)])
        noise = noise + kernel.value("noise.run") * self._unit.square() * single
        covariance = self._covariance(self._cells, self._unit, self._cells, self._unit)
        self._noise = noise + 1e-6
        self.factor = torch.linalg.cholesky(covariance + torch.diag(self._noise))
        self.alpha = torch.cholesky_solve(self.residual[:, None], self.factor)[:, 0]

    def unit(self, cells: Cells) -> Tensor:
        """Return (n,) the spread of models on the datasets of cells."""
        return self.spread[cells.dataset, cells.protocol]

    def predict(self, cells: Cells) -> tuple[Tensor, Tensor]:
        """Return mean and variance (n,) of the noiseless logits of cells."""
        mean, solved, unit = self._solve(cells)
        own = self._prior_variance(cells, unit)
        return mean, (own - solved.square().sum(0)).clamp(min=1e-6)

    def mean_covariance(self, cells: Cells, num_models: int, num_datasets: int) -> Tensor:
        """Return (k, k) covariances of models' noiseless logits, each the mean over datasets.

        Args:
            cells: (k t,) of every model with every dataset, datasets fastest.
            num_models: k.
            num_datasets: t.
        """
        _, solved, unit = self._solve(cells)
        solved = solved.reshape(-1, num_models, num_datasets).mean(2)
        first = [cells.at(torch.arange(place, len(unit), num_datasets)) for place in range(num_datasets)]
        prior = torch.zeros(num_models, num_models, dtype=unit.dtype)
        for a in first:
            for b in first:
                prior = prior + self._covariance(a, self.unit(a), b, self.unit(b))
        return prior / num_datasets**2 - solved.t() @ solved

    def noise(self, mean: Tensor, cells: Cells, test_size: Tensor) -> Tensor:
        """Return (n,) the variance that one run has about the noiseless logit."""
        test = binomial_variance(torch.sigmoid(mean), self.prior.features.chance[cells.dataset], test_size)
        kernel = self.prior.kernel
        return test * kernel.value("noise.test") + kernel.value("noise.run") * self.unit(cells).square()

    def weights(self, cells: Cells) -> tuple[Tensor, Tensor]:
        """Return (n, R) how each cell's mean moves with each record, and (R,) what each record says beyond the rest.

        The second is the residual of a record that is left out, so that their product, record by record, is what the
        prediction moves by if the record is not there.
        """
        cross = self._cross(cells, self.unit(cells))
        solved = torch.cholesky_solve(cross.t(), self.factor).t()
        count = len(self.records)
        left_out = self.alpha[:count] / torch.cholesky_inverse(self.factor).diagonal()[:count]
        return solved[:, :count], left_out

    def left_out(self, blocks: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Return mean and variance (k,) of noiseless logits as if the records of their block had never been measured.

        Args:
            blocks: (block, inside) each: places among ``records`` that are left out together, and which of them are
                asked for.
        """
        inverse = torch.cholesky_inverse(self.factor)
        means, variances = [], []
        for block, inside in blocks:
            covariance = torch.linalg.inv(inverse[block[:, None], block[None]])
            expected = self.prior.kernel.expected_level(self.records.cells.at(block[inside]), self.datasets.classes)
            means.append((self.residual[block] - covariance @ self.alpha[block])[inside] + expected)
            variances.append((covariance.diagonal() - self._noise[block])[inside].clamp(min=1e-6))
        none = self.residual[:0]
        return torch.cat([none, *means]), torch.cat([none, *variances])

    def _solve(self, cells: Cells) -> tuple[Tensor, Tensor, Tensor]:
        unit = self.unit(cells)
        cross = self._cross(cells, unit)
        solved = torch.linalg.solve_triangular(self.factor, cross.t(), upper=False)
        return self.prior.kernel.expected_level(cells, self.datasets.classes) + cross @ self.alpha, solved, unit

    def _cross(self, cells: Cells, unit: Tensor) -> Tensor:
        return self._covariance(cells, unit, self._cells, self._unit)

    def _covariance(self, a: Cells, unit_a: Tensor, b: Cells, unit_b: Tensor) -> Tensor:
        kernel = self.prior.kernel
        skill = kernel.skill(a, b, self.datasets, self.prior.models)
        scores = self.prior.scores
        if len(scores.values) > 1:
            skill = skill + kernel.value("scores") * (scores.at(a) @ scores.at(b).t())
        return kernel.level(a, b, self.datasets) + unit_a[:, None] * unit_b[None] * skill

    def _prior_variance(self, cells: Cells, unit: Tensor) -> Tensor:
        parts = [self._covariance(cells.at(i), unit[i], cells.at(i), unit[i]).diagonal() for i in _chunks(len(unit))]
        return torch.cat([unit[:0], *parts])


def _chunks(length: int, size: int = 400) -> list[Tensor]:
    return list(torch.arange(length).split(size)) if length else []
