"""Posterior of the evidence: conditioned exactly on the records that bear on a question."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from zoograph.data.records.records import ACCURACIES, Metric
from zoograph.models.evidence.accuracy_logit import binomial_variance
from zoograph.models.evidence.cells import Cells, Records, gather
from zoograph.models.evidence.kernel import DatasetCovariances, EvidenceKernel, ModelCovariances, Side
from zoograph.models.evidence.node_features import DatasetFeatures, ModelFeatures
from zoograph.models.evidence.pair_scores import PairScores
from zoograph.models.evidence.relevant import choose_relevant
from zoograph.models.evidence.spread import spreads

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

_AT_ONCE = 400  # cells whose own variances are read off a square of covariances


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
        known_cells, unit = self.records.cells, self.unit(self.records.cells)
        cells = known_cells.and_(means.cells)
        self._known = Side(cells, torch.cat([unit, torch.ones_like(means.logit)]), prior.scores.at(cells))
        kernel = prior.kernel
        expected = kernel.expected_level(known_cells, self.datasets.classes)
        self.residual = torch.cat([self.records.logit - expected, means.logit])
        self._noise = torch.cat([kernel.run_noise(self.records.variance, unit), means.variance]) + 1e-6
        covariance = self._covariance(self._known, self._known)
        self.factor = torch.linalg.cholesky(covariance + torch.diag(self._noise))
        self.alpha = torch.cholesky_solve(self.residual[:, None], self.factor)[:, 0]

    def unit(self, cells: Cells) -> Tensor:
        """Return (n,) the spread of models on the datasets of cells."""
        return self.spread[cells.dataset, cells.protocol]

    def predict(self, cells: Cells) -> tuple[Tensor, Tensor]:
        """Return mean and variance (n,) of the noiseless logits of cells."""
        asked = self._side(cells)
        mean, solved = self._solve(asked)
        return mean, self._variance(asked, solved)

    def joint(self, cells: Cells, num_models: int, num_datasets: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return what :meth:`predict` does, and (k, k) covariances of models' logits, each the mean over datasets.

        Args:
            cells: (k t,) of every model with every dataset, datasets fastest.
            num_models: k.
            num_datasets: t.
        """
        asked = self._side(cells)
        mean, solved = self._solve(asked)
        shared = solved.reshape(-1, num_models, num_datasets).mean(2)
        parts = [asked.at(torch.arange(place, len(mean), num_datasets)) for place in range(num_datasets)]
        prior = torch.zeros(num_models, num_models, dtype=mean.dtype)
        for a in parts:
            for b in parts:
                prior = prior + self._covariance(a, b)
        return mean, self._variance(asked, solved), prior / num_datasets**2 - shared.t() @ shared

    def noise(self, mean: Tensor, cells: Cells, test_size: Tensor) -> Tensor:
        """Return (n,) the variance that one run has about the noiseless logit."""
        test = binomial_variance(torch.sigmoid(mean), self.prior.features.chance[cells.dataset], test_size)
        return self.prior.kernel.run_noise(test, self.unit(cells))

    def weights(self, cells: Cells) -> tuple[Tensor, Tensor]:
        """Return (n, R) how each cell's mean moves with each record, and (R,) what each record says beyond the rest.

        The second is the residual of a record that is left out, so that their product, record by record, is what the
        prediction moves by if the record is not there.
        """
        cross = self._covariance(self._side(cells), self._known)
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

    def _side(self, cells: Cells) -> Side:
        return Side(cells, self.unit(cells), self.prior.scores.at(cells))

    def _solve(self, asked: Side) -> tuple[Tensor, Tensor]:
        """Return the mean (n,) of what is asked, and (R, n) its covariances with what is known, over their factor."""
        cross = self._covariance(asked, self._known)
        solved = torch.linalg.solve_triangular(self.factor, cross.t(), upper=False)
        return self.prior.kernel.expected_level(asked.cells, self.datasets.classes) + cross @ self.alpha, solved

    def _variance(self, asked: Side, solved: Tensor) -> Tensor:
        chunks = torch.arange(len(asked.unit)).split(_AT_ONCE) if len(asked.unit) else ()
        parts = [self._covariance(asked.at(rows), asked.at(rows)).diagonal() for rows in chunks]
        return (torch.cat([asked.unit[:0], *parts]) - solved.square().sum(0)).clamp(min=1e-6)

    def _covariance(self, a: Side, b: Side) -> Tensor:
        return self.prior.kernel.covariance(a, b, self.datasets, self.prior.models)
