"""Posterior of the evidence: conditioned exactly on the records that bear on a question."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from zoograph.data.records.records import ACCURACIES, Metric
from zoograph.models.evidence.accuracy_logit import binomial_variance
from zoograph.models.evidence.cells import Cells, Records, gather
from zoograph.models.evidence.kernel import DatasetCovariances, EvidenceKernel, ModelCovariances, Shared, Side
from zoograph.models.evidence.node_features import DatasetFeatures, ModelFeatures
from zoograph.models.evidence.pair_scores import PairScores
from zoograph.models.evidence.part_of_inverse import part_of_inverse
from zoograph.models.evidence.relevant import choose_relevant
from zoograph.models.evidence.size_lead import SizeLead
from zoograph.models.evidence.spread import Measured, spreads_of
from zoograph.models.evidence.usual_samples import usual_samples

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

Block = tuple[Tensor, Tensor]
"""Places that are left out together, and which of them are asked for."""
_ROWS_AT_ONCE = 400  # contenders
MOST_CONTENDERS = 500
"""Models of which it is worked out how their errors go together."""
_ENTRIES_AT_ONCE = 200_000
_ENTRIES_IN_CACHE = 400_000
_MOST_MODELS = 3_000  # whose covariances are kept
_MOST_MEMBERS = 500  # datasets that stand for all of a mean


class ModelPrior(NamedTuple):
    """What a kernel says of a graph's models, whichever datasets there are: the same parts of :class:`Prior`."""

    models: ModelFeatures
    every: ModelCovariances | None

    @classmethod
    def of(cls, kernel: EvidenceKernel, graph: HeteroData) -> ModelPrior:
        """Return that of a graph."""
        models = ModelFeatures.of(graph)
        return cls(models, _between_all(kernel, models) if len(models.node) <= _MOST_MODELS else None)


class Prior(NamedTuple):
    """What a kernel says of a graph before anything is measured.

    Attributes:
        kernel: with its parameters.
        models: features of the graph's models.
        features: of its datasets.
        shown: (D, C) embeddings of these, see :meth:`zoograph.models.evidence.kernel.EvidenceKernel.embed`.
        scores: of pairs.
        records: everything that was measured in the graph.
        samples: (D, P) that questions are meant for, see :mod:`zoograph.models.evidence.usual_samples`.
        every: covariances of all models with all; None where there are so many that a part at a time is computed.
    """

    kernel: EvidenceKernel
    models: ModelFeatures
    features: DatasetFeatures
    shown: Tensor
    scores: PairScores
    records: Records
    samples: Tensor
    every: ModelCovariances | None = None

    @classmethod
    def of(cls, kernel: EvidenceKernel, graph: HeteroData, of_models: ModelPrior | None = None) -> Prior:
        """Return the prior of a graph.

        Args:
            kernel: with its parameters.
            graph: that it is of.
            of_models: what the kernel says of the graph's models, where it is known; default: worked out.
        """
        models, every = of_models or ModelPrior.of(kernel, graph)
        features = _features_of(graph)
        records = gather(graph, features)
        samples = usual_samples(records, features.per_class)
        return cls(kernel, models, features, kernel.embed(graph), PairScores.of(graph), records, samples, every)

    def ask(self, pairs: Tensor, protocol: int) -> Cells:
        """Return the cells of (2, n) pairs under a protocol, each on as many samples as are usual."""
        model, dataset = pairs
        return Cells(model, dataset, torch.full_like(model, protocol), self.samples[dataset, protocol])

    def between_models(self, a: Tensor, b: Tensor) -> ModelCovariances:
        """Return the covariances of nodes (n,) with nodes (m,)."""
        if self.every is not None:
            return self.every.at(a, b)
        return self.kernel.models(self.models.at(a), self.models.at(b))

    def between_datasets(self, a: Tensor, b: Tensor) -> DatasetCovariances:
        """Return the covariances of nodes (n,) with nodes (m,)."""
        return self.kernel.datasets(self.features.at(a), self.shown[a], self.features.at(b), self.shown[b])


class JointLogits(NamedTuple):
    """Logits of k models on t datasets.

    Attributes:
        mean, variance: (k t,) of each cell, datasets fastest.
        contenders: (c,) places of the models whose mean over datasets may well be the best.
        covariance: (c, c) of these means.
    """

    mean: Tensor
    variance: Tensor
    contenders: Tensor
    covariance: Tensor


class Posterior:
    """Conditioned on what bears on some datasets under a protocol.

    Covariances are computed of the nodes that occur in the records it is conditioned on and in what is asked, so that
    it costs no more in a larger graph.

    Args:
        prior: of a graph.
        datasets: (t,) nodes that are asked for.
        protocol: that is asked for.
        records: what may be known; default: everything that was measured.
    """

    def __init__(self, prior: Prior, datasets: Tensor, protocol: int, records: Records | None = None) -> None:
        known = prior.records if records is None else records
        self.prior = prior
        self.measured = Measured.of(known, len(prior.features.domain))
        self._leads = SizeLead(prior.kernel.lead, prior.models.compute, known.cells, self.measured.number)
        self.spread = spreads_of(self.measured)
        every, datasets = torch.arange(len(self.spread)), torch.unique(datasets)
        self.datasets = datasets
        near = prior.between_datasets(every, datasets).where.max(1).values
        chosen = choose_relevant(known, near, torch.isin(every, datasets), self.spread, protocol)
        self.records, means = chosen.records, chosen.means
        self._number_datasets(torch.cat([datasets, self.records.cells.dataset]), chosen.weights)
        known_cells, unit = self.records.cells, self.unit(self.records.cells)
        cells = known_cells.and_(means.cells)
        side = Side(cells, torch.cat([unit, torch.ones_like(means.logit)]), prior.scores.at(cells))
        self._known = side._replace(cells=cells._replace(dataset=self._place[cells.dataset]))
        kernel = prior.kernel
        expected = kernel.expected_level(known_cells, prior.features.classes)
        self.residual = torch.cat([self.records.logit - expected, means.logit])
        self._noise = torch.cat([kernel.run_noise(self.records.variance, unit), means.variance]) + 1e-6
        covariance = self._covariance(self._known, self._known, lower=True)
        covariance.diagonal().add_(self._noise)
        # In place, since there may be thousands of records: of the transpose, that is in the order that LAPACK reads.
        turned = covariance.detach().t()
        self.factor = torch.linalg.cholesky(turned, upper=True, out=turned).t()
        whitened = torch.linalg.solve_triangular(self.factor, self.residual[:, None], upper=False)
        self.alpha = torch.linalg.solve_triangular(self.factor.t(), whitened, upper=True)[:, 0]

    def _number_datasets(self, occurring: Tensor, weights: Tensor) -> None:
        """Number the datasets that matter among themselves, and means over groups of them, (G, D) weights, after them.

        Of a group of many datasets some stand for all.
        """
        members = [evenly(row.nonzero().flatten(), _MOST_MEMBERS) for row in weights]
        nodes = torch.unique(torch.cat([occurring, *members]))
        shares = torch.zeros(len(weights), len(nodes), dtype=torch.float64)
        for share, row, chosen in zip(shares, weights, members, strict=True):
            share[torch.searchsorted(nodes, chosen)] = row[chosen] / row[chosen].sum()
        self._datasets = self.prior.between_datasets(nodes, nodes).with_means(shares)
        self._place = torch.full((len(self.spread) + len(weights),), -1)
        self._place[nodes] = torch.arange(len(nodes))
        self._place[len(self.spread) :] = len(nodes) + torch.arange(len(weights))

    def unit(self, cells: Cells) -> Tensor:
        """Return (n,) the spread of models on the datasets of cells."""
        return self.spread[cells.dataset, cells.protocol]

    def lead(self, cells: Cells, unknown: Cells | None = None) -> Tensor:
        """Return (n,) what size adds to the logits of cells; ``unknown``: measured ones that are left out."""
        return self._leads.of(cells, self.unit(cells), unknown)

    def predict(self, cells: Cells) -> tuple[Tensor, Tensor]:
        """Return mean and variance (n,) of the noiseless logits of cells."""
        asked = self._side(cells)
        mean, solved = self._solve(asked)
        return mean + self.lead(cells), self._variance(asked, solved)

    def joint(self, cells: Cells, num_models: int, num_datasets: int, most: int = MOST_CONTENDERS) -> JointLogits:
        """Return what :meth:`predict` does, and how models' logits go together, each the mean over datasets.

        Args:
            cells: (k t,) of every model with every dataset, datasets fastest.
            num_models: k.
            num_datasets: t.
            most: contenders.
        """
        asked, shape = self._side(cells), (num_models, num_datasets)
        mean, solved = self._solve(asked)
        mean, variance = mean + self.lead(cells), self._variance(asked, solved)
        shared = solved.t() if num_datasets == 1 else solved.t().reshape(*shape, -1).mean(1)
        # The mean over datasets is as one more cell of each model.
        cells = asked.cells
        shots = (asked.unit * cells.per_class).reshape(shape).mean(1)
        scores = (asked.unit[:, None] * asked.scores).reshape(*shape, -1).mean(1)
        means = Side(
            cells.at(torch.arange(0, len(mean), num_datasets))._replace(per_class=shots), shots * 0 + 1, scores
        )
        one = asked.at(torch.arange(num_datasets))
        between = self.prior.kernel.shared(one, one, self._datasets).mean()

        def covariances(a: Tensor, b: Tensor) -> Tensor:
            prior = self._covariance(means.at(a), means.at(b), between._replace(place=a * 0))
            return torch.addmm(prior, shared.index_select(0, a), shared.index_select(0, b).t(), alpha=-1)

        every, centre = torch.arange(num_models), mean.reshape(shape).mean(1)
        if num_models <= most:
            return JointLogits(mean, variance, every, covariances(every, every))
        best = centre.argmax()[None]
        own = variance.sqrt().reshape(shape).mean(1).square()  # as if a model's errors were all the same
        apart = (own + own[best] - 2 * covariances(every, best)[:, 0]).clamp(min=1e-9).sqrt()
        nearest = torch.argsort((centre[best] - centre) / apart, stable=True)[:most].sort().values
        return JointLogits(mean, variance, nearest, covariances(nearest, nearest))

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
        left_out = self.alpha[:count] / self._inverse.diagonal()[:count]
        return solved[:, :count], left_out

    def left_out(self, blocks: Sequence[Block]) -> list[tuple[Tensor, Tensor]]:
        """Return mean (k,) and covariance (k, k) of noiseless logits as if a block had never been measured, of each.

        Args:
            blocks: of each, places among ``models`` that are left out together, of records and after them of means;
                and (k,) which of them are asked for, of records.
        """
        if not blocks:
            return []
        rows = torch.unique(torch.cat([block for block, _ in blocks]))
        inverse = part_of_inverse(self.factor, rows)
        return [self._without(block, inside, inverse, torch.searchsorted(rows, block)) for block, inside in blocks]

    def _without(self, block: Tensor, inside: Tensor, inverse: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
        rows = block[inside]
        wanted = torch.zeros(len(block), len(inside), dtype=torch.float64)
        wanted[inside, torch.arange(len(inside))] = 1.0
        covariance = torch.linalg.solve(inverse[place[:, None], place[None]], wanted)
        mean = self.residual[rows] - self.alpha[block] @ covariance
        cells = self.records.cells.at(rows)
        mean = mean + self.prior.kernel.expected_level(cells, self.prior.features.classes)
        mean = mean + self.lead(cells, self.records.cells.at(block[block < len(self.records)]))
        between = covariance[inside]
        own = (between.diagonal() - self._noise[rows]).clamp(min=1e-6)
        return mean, between.diagonal_scatter(own)

    @property
    def models(self) -> Tensor:
        """(R,) the model of everything that it is conditioned on: of ``records``, and after them of means."""
        return self._known.cells.model

    @cached_property
    def _inverse(self) -> Tensor:
        return torch.cholesky_inverse(self.factor)

    def _side(self, cells: Cells) -> Side:
        """Return a side of cells, their datasets numbered among those that matter."""
        side = Side(cells, self.unit(cells), self.prior.scores.at(cells))
        return side._replace(cells=cells._replace(dataset=self._place[cells.dataset]))

    def _solve(self, asked: Side) -> tuple[Tensor, Tensor]:
        """Return the mean (n,) of what is asked, and (R, n) its covariances with what is known, over their factor."""
        cross = self._covariance(asked, self._known)
        mean = self.prior.kernel.expected_level(asked.cells, self._datasets.classes) + cross @ self.alpha
        turned = cross.detach().t()
        return mean, torch.linalg.solve_triangular(self.factor, turned, upper=False, out=turned)  # in place

    def _variance(self, asked: Side, solved: Tensor) -> Tensor:
        models, (asked,) = self._models(asked)
        prior = self.prior.kernel.variance(asked, self.prior.kernel.shared(asked, asked, self._datasets), models)
        return (prior - torch.linalg.vector_norm(solved, dim=0).square()).clamp(min=1e-6)

    def _models(self, *sides: Side) -> tuple[ModelCovariances, tuple[Side, ...]]:
        """Return the covariances of the models of one or two sides, and the sides with models as their places there."""
        if self.prior.every is not None:
            return self.prior.every, sides
        found = [torch.unique(side.cells.model, return_inverse=True) for side in sides]
        sides = tuple(
            side._replace(cells=side.cells._replace(model=place)) for side, (_, place) in zip(sides, found, strict=True)
        )
        return self.prior.between_models(found[0][0], found[-1][0]), sides

    def _covariance(self, a: Side, b: Side, shared: Shared | None = None, *, lower: bool = False) -> Tensor:
        """Return (n, m) prior covariances; of the ``lower`` triangle at least, where nothing else is read.

        Args:
            a: of n cells.
            b: of m cells.
            shared: between them; default: as their datasets and protocols say.
            lower: whether the rest may be anything.
        """
        kernel, size = self.prior.kernel, len(b.unit)
        result = torch.empty(len(a.unit), size, dtype=torch.float64)
        if not result.numel():
            return result
        shared = kernel.shared(a, b, self._datasets) if shared is None else shared
        models, (a, b) = self._models(a, b)
        if not (a.scores.any() and b.scores.any()):
            a, b = (x._replace(scores=x.scores[:, :0]) for x in (a, b))
        # A few rows at a time stay in the processor's cache, which is faster.
        for part in torch.arange(len(a.unit)).split(max(1, _ENTRIES_AT_ONCE // size)):
            end = int(part[-1]) + 1 if lower else size
            others = b.at(slice(end)) if lower else b
            result[part[0] : part[-1] + 1, :end] = kernel.covariance(a.at(part), others, shared.at(part, end), models)
        return result


def _features_of(graph: HeteroData) -> DatasetFeatures:
    return DatasetFeatures.of(graph, Metric(graph.metric) in ACCURACIES)


def _between_all(kernel: EvidenceKernel, models: ModelFeatures) -> ModelCovariances:
    """Return the covariances of all models, a few rows at a time, which stay in the processor's cache.

    Those above the diagonal are worked out, and those below are the same.
    """
    size = len(models.node)
    skill, interaction = (models.node.new_empty(size, size, dtype=torch.float64) for _ in range(2))
    every = torch.arange(size, device=models.node.device)
    for rows in every.split(max(1, min(_ROWS_AT_ONCE, _ENTRIES_IN_CACHE // max(1, size)))):
        columns = every[int(rows[0]) :]
        parts = kernel.models(models.at(rows), models.at(columns))
        for whole, part in zip((skill, interaction), parts[:2], strict=True):
            whole[rows[0] : rows[-1] + 1, rows[0] :] = part
            whole[rows[0] :, rows[0] : rows[-1] + 1] = part.t()
    return ModelCovariances(skill, interaction, models.node, models.node)


def evenly(values: Tensor, most: int) -> Tensor:
    """Return ``values``, or as many of them at even distances."""
    return values if len(values) <= most else values[torch.linspace(0, len(values) - 1, most).long()]
