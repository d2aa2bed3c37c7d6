r"""Kernel of the evidence: what two cells have in common.

The logit of the accuracy of model m on dataset d under protocol p is a level of the dataset plus a skill of the model,

.. math:: y_{mdp} = \mu(d) + L_{dp} + s_{dp}\,(a_{mp} + b_{mp}(d) + c_{md}) + \epsilon,

with normal priors: levels alike for datasets whose names, labels and domains are, skills :math:`a` alike for models of
similar size, corpora, objective, lineage and ImageNet accuracy, interactions :math:`b` alike for such models on such
datasets, and :math:`c` shared by everything that is measured of one pair. Protocols are points; the nearer two of them,
the more one tells of the other: of skills, and less of interactions, since what is peculiar to zero-shot accuracies on
such datasets rests on names that a head does not read. :math:`s` is the spread of models on the dataset.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from zoograph.graphs.schema import DATASET
from zoograph.models.evidence.cells import NUM_PROTOCOLS, Cells
from zoograph.models.evidence.kernel_start import COMMON, LEAD, PLACES, PRIOR
from zoograph.models.evidence.node_features import DatasetFeatures, ModelFeatures

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

    from zoograph.models.gp.structural_gnn import Inputs, StructuralGNN


class ModelCovariances(NamedTuple):
    """Prior covariances of n models with m others.

    Attributes:
        skill: (n, m) of their skills.
        interaction: (n, m) of what is peculiar to datasets that are alike.
        rows, columns: (n,) and (m,) what a model is recognised by.
    """

    skill: Tensor
    interaction: Tensor
    rows: Tensor
    columns: Tensor

    def at(self, rows: Tensor, columns: Tensor) -> ModelCovariances:
        """Return those of some (k,) of the n models with some (l,) of the m."""
        skill, interaction = (part.index_select(0, rows).index_select(1, columns) for part in self[:2])
        return ModelCovariances(skill, interaction, self.rows[rows], self.columns[columns])


class DatasetCovariances(NamedTuple):
    """Prior covariances of datasets (n, m).

    Attributes:
        level: of their levels, whatever the protocol.
        where: how alike the skills of a model are on them.
        own: 1 for a dataset and itself; for means over several datasets the share of those in common.
        classes: (D,) logarithm of the number of classes about a middling one.
    """

    level: Tensor
    where: Tensor
    own: Tensor
    classes: Tensor

    def with_means(self, weights: Tensor) -> DatasetCovariances:
        """Return the covariances of the datasets and of means over them, of which the levels are not known.

        Args:
            weights: (G, D) rows that sum to 1; the means are numbered after the datasets.
        """

        def extended(matrix: Tensor) -> Tensor:
            mixed = weights @ matrix
            return torch.cat([torch.cat([matrix, mixed.t()], 1), torch.cat([mixed, mixed @ weights.t()], 1)])

        level = torch.block_diag(self.level, torch.eye(len(weights), dtype=self.level.dtype))
        classes = torch.cat([self.classes, weights @ self.classes])
        return DatasetCovariances(level, extended(self.where), extended(self.own), classes)


class Side(NamedTuple):
    """n cells, with what else their covariances depend on.

    Attributes:
        cells: with models and datasets as rows or columns of the covariances.
        unit: (n,) spread of models on their datasets; 1 for what is in units of it already.
        scores: (n, F) of their pairs, see :class:`zoograph.models.evidence.pair_scores.PairScores`.
    """

    cells: Cells
    unit: Tensor
    scores: Tensor

    def at(self, rows: Tensor | slice) -> Side:
        """Return the side of ``rows``, positions or a mask."""
        return Side(self.cells.at(rows), self.unit[rows], self.scores[rows])


class Shared(NamedTuple):
    """What n cells have in common with m others, whichever models they are of.

    Attributes:
        level: (c, m) covariances of levels, a row for each circumstance of the n cells: a dataset and a protocol.
        same, where, pair: (c, m) what covariances of skills, of interactions, and of one model with itself count;
            the spreads of models are in it.
        place: (n,) circumstance of each cell.
    """

    level: Tensor
    same: Tensor
    where: Tensor
    pair: Tensor
    place: Tensor

    def at(self, rows: Tensor | slice, end: int | None = None) -> tuple[Tensor, ...]:
        """Return the four (k, m) of the cells at ``rows`` with the first ``end`` others; (1, m) if one stands for all.

        Whole rows are copied, and then cut, which is faster than the other way round.
        """
        place = self.place[rows]
        return tuple((part if len(part) == 1 else part.index_select(0, place))[:, :end] for part in self[:4])

    def mean(self) -> Shared:
        """Return this of means over the n and the m cells, of the same model each."""
        level, same, where, pair = (part.mean()[None, None] for part in self.at(slice(None)))
        return Shared(level, same, where, pair, self.place[:1] * 0)


class EvidenceKernel(nn.Module):
    """Prior covariances of cells; positive parameters are learned as logarithms.

    Args:
        network: embeds datasets; the levels of those whose embeddings agree have more in common. Of models it says
            nothing: with a word in their skills, rankings of new collections were worse. None for none.
        lead: slope of :class:`zoograph.models.evidence.size_lead.SizeLead`, which is not learned.
    """

    def __init__(self, network: StructuralGNN | None = None, lead: float = LEAD) -> None:
        super().__init__()
        self.network, self.lead = network, lead
        self.logs = nn.ParameterDict(
            {name.replace(".", "_"): nn.Parameter(torch.tensor(math.log(value))) for name, value in PRIOR.items()}
        ).double()
        places = torch.tensor(PLACES, dtype=torch.float64)
        assert len(places) == NUM_PROTOCOLS
        self.skill_places, self.level_places = nn.Parameter(places.clone()), nn.Parameter(places.clone())

    def embed(self, graph: HeteroData, inputs: Inputs | None = None) -> Tensor:
        """Return the network's embeddings of datasets (D, C), without a network no columns.

        Args:
            graph: they are of.
            inputs: of the network, where they were worked out before.
        """
        if self.network is None:
            return self.skill_places.new_zeros(graph[DATASET].num_nodes, 0)
        datasets = self.network(inputs or self.network.inputs(graph)).double()
        return torch.tanh(datasets) / datasets.shape[1] ** 0.5

    def value(self, name: str) -> Tensor:
        """Return a positive parameter."""
        return torch.exp(self.logs[name.replace(".", "_")])

    def penalty(self, num_records: int, num_families: int) -> Tensor:
        """Return minus the log prior for each record: parameters are near where they started, by a factor of two or so.

        Levels, and how protocols lie to each other, are told by families of datasets, however many records each has:
        their prior counts against these.
        """
        moved = {name: (self.logs[name.replace(".", "_")] - math.log(value)).square() for name, value in PRIOR.items()}
        start = torch.tensor(PLACES, dtype=torch.float64, device=self.skill_places.device)
        places = (self.skill_places - start).square().sum() + (self.level_places - start).square().sum()
        of_levels = torch.stack([square for name, square in moved.items() if name.startswith("level.")]).sum()
        of_all = torch.stack(list(moved.values())).sum()
        return of_all / num_records + (of_levels + 4 * places) / num_families

    def models(self, a: ModelFeatures, b: ModelFeatures | None = None) -> ModelCovariances:
        """Return the prior covariances of n models with m others, by default with themselves."""
        b = a if b is None else b
        kin, own = _same(a.family, b.family), _same(a.node, b.node)
        linear, apart = torch.zeros_like(own), 2 * self.value("near.family") * (1 - kin)
        for name, block in a.blocks.items():
            products = block @ b.blocks[name].t()
            linear = linear + self.value(f"linear.{name}") * products
            apart = apart + self.value(f"near.{name}") * _squared_distances(block, b.blocks[name], products)
        near = torch.exp(-0.5 * apart)
        shared = torch.maximum(a.ancestors @ b.ancestors.t(), own)  # what nobody else comes from is in no column
        skill = linear + self.value("skill.near") * near + self.value("skill.own") * own
        skill = skill + self.value("skill.family") * kin + self.value("skill.lineage") * shared
        skill = skill + self.value("skill.architecture") * _same(a.architecture, b.architecture)
        interaction = self.value("interaction.linear") * linear + self.value("interaction.near") * near
        interaction = interaction + self.value("interaction.own") * (own + shared) / 2
        return ModelCovariances(skill, interaction, a.node, b.node)

    def datasets(
        self, a: DatasetFeatures, shown_a: Tensor, b: DatasetFeatures | None = None, shown_b: Tensor | None = None
    ) -> DatasetCovariances:
        """Return the prior covariances of n datasets with m others, by default with themselves.

        Args:
            a: their features.
            shown_a: (n, C) their embeddings.
            b: features of the others.
            shown_b: (m, C) embeddings of the others.
        """
        b, shown_b = a if b is None else b, shown_a if shown_b is None else shown_b
        parts = [self.value(f"data.{name}") * squared_distances(x, b.blocks[name]) for name, x in a.blocks.items()]
        alike = torch.exp(-0.5 * torch.stack(parts).sum(0))
        own, overlap = _same(a.node, b.node), a.labels @ b.labels.t()
        domain = _same(a.domain, b.domain) * (a.domain > 0)[:, None]
        level = self.value("level.all") + self.value("level.near") * alike + self.value("level.own") * own
        level = level + self.value("level.domain") * domain + self.value("level.overlap") * overlap
        where = alike + self.value("interaction.domain") * domain
        where = where + self.value("interaction.dataset") * own
        where = where + self.value("interaction.overlap") * overlap
        if shown_a.shape[1]:
            level = level + self.value("graph.level") * (shown_a @ shown_b.t())
        return DatasetCovariances(level, where, own, a.classes)

    def expected_level(self, cells: Cells, classes: Tensor) -> Tensor:
        """Return (n,) the mean logit by the card: fewer classes and more samples of each never lower it."""
        return self.value("slope.per_class") * cells.per_class - self.value("slope.classes") * classes[cells.dataset]

    def shared(self, a: Side, b: Side, datasets: DatasetCovariances) -> Shared:
        """Return what n cells have in common with m others, whichever models they are of."""
        rows, columns = _Circumstances.of(a), _Circumstances.of(b)
        unit = rows.unit[:, None] * columns.unit[None]
        level = self.level(rows.cells, columns.cells, datasets)
        same, where, pair = (unit * part for part in self._between(rows.cells, columns.cells, datasets))
        level, same, where, pair = (part.index_select(1, columns.place) for part in (level, same, where, pair))
        return Shared(level, same, where, pair, rows.place)

    def covariance(self, a: Side, b: Side, shared: tuple[Tensor, ...], models: ModelCovariances) -> Tensor:
        """Return (n, m) prior covariances of the noiseless logits of cells.

        Args:
            a: of n cells.
            b: of m cells.
            shared: between them, see :meth:`Shared.at`.
            models: covariances of the models of the one with those of the other.
        """
        level, same, where, pair = shared
        model = a.cells.model, b.cells.model
        shots = [side.unit * side.cells.per_class for side in (a, b)]
        where = torch.addcmul(where, self.value("interaction.slopes") * shots[0][:, None], shots[1][None])
        result = torch.addcmul(level, same, _at(models.skill, *model))
        result = torch.addcmul(result, where, _at(models.interaction, *model))
        if pair.any():
            result = torch.addcmul(result, pair, _same(models.rows[a.cells.model], models.columns[b.cells.model]))
        if not a.scores.shape[1]:
            return result
        scores = self.value("scores") * a.unit[:, None] * a.scores
        return torch.addmm(result, scores, (b.unit[:, None] * b.scores).t())

    def variance(self, a: Side, shared: Shared, models: ModelCovariances) -> Tensor:
        """Return (n,) prior variances of the noiseless logits of cells.

        Args:
            a: of the cells.
            shared: of the cells with themselves.
            models: covariances of their models.
        """
        level, same, where, pair = (part[shared.place, torch.arange(len(a.unit))] for part in shared[:4])
        where = where + self.value("interaction.slopes") * (a.unit * a.cells.per_class).square()
        skill, interaction = (part.diagonal()[a.cells.model] for part in models[:2])
        scores = self.value("scores") * (a.unit[:, None] * a.scores).square().sum(1)
        return level + same * skill + where * interaction + pair + scores

    def run_noise(self, test: Tensor, unit: Tensor) -> Tensor:
        """Return (n,) variances of one run about its noiseless logit.

        Args:
            test: (n,) variance that the test set leaves.
            unit: (n,) spread of models on its dataset.
        """
        return test * self.value("noise.test") + self.value("noise.run") * unit.square()

    def level(self, a: Cells, b: Cells, datasets: DatasetCovariances) -> Tensor:
        """Return (n, m) prior covariances of the levels of cells."""
        at = a.dataset, b.dataset
        own = self.value("level.protocol") * _at(datasets.own, *at) * _same(a.protocol, b.protocol)
        return _at(_nearness(self.level_places), a.protocol, b.protocol) * _at(datasets.level, *at) + own

    def skill(self, a: Cells, b: Cells, datasets: DatasetCovariances, models: ModelCovariances) -> Tensor:
        """Return (n, m) prior covariances of the skills of models on datasets, in units of a dataset's spread."""
        at = a.model, b.model
        same, where, pair = self._between(a, b, datasets)
        where = where + self.value("interaction.slopes") * a.per_class[:, None] * b.per_class[None]
        own = _same(models.rows[a.model], models.columns[b.model])
        return same * _at(models.skill, *at) + where * _at(models.interaction, *at) + pair * own

    def _between(self, a: Cells, b: Cells, datasets: DatasetCovariances) -> tuple[Tensor, Tensor, Tensor]:
        """Return (n, m) what datasets and protocols leave of skills in common, of interactions, and of one pair.

        What the samples a class add to the second is left out.
        """
        at = a.dataset, b.dataset
        nearness = _at(_nearness(self.skill_places), a.protocol, b.protocol)
        same = COMMON + (1 - COMMON) * nearness
        slopes = datasets.classes[a.dataset][:, None] * datasets.classes[b.dataset][None]
        where = _at(datasets.where, *at) + self.value("interaction.slopes") * slopes
        where = where * nearness.pow(self.value("interaction.protocols"))
        return same, where, self.value("pair") * _at(datasets.own, *at)


class _Circumstances(NamedTuple):
    """Datasets and protocols of cells, each pair that occurs once; there are much fewer of these than cells.

    Attributes:
        cells: (k,) one for each; their models and samples mean nothing.
        unit: (k,) see :class:`Side`.
        place: (n,) of each cell among them.
    """

    cells: Cells
    unit: Tensor
    place: Tensor

    @classmethod
    def of(cls, side: Side) -> _Circumstances:
        """Return the circumstances of a side's cells."""
        cells = side.cells
        found, place = torch.unique(cells.circumstance, return_inverse=True)
        one = torch.empty_like(found).index_copy_(0, place, torch.arange(len(place), device=place.device))
        return cls(cells.at(one), side.unit[one], place)


def _at(matrix: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return (n, m) entries of a smaller matrix, or one row where all are the same.

    Copying whole rows last is several times faster than indexing by two lists.
    """
    if len(matrix) == 1 and len(rows):
        return matrix.index_select(1, columns)
    if len(rows) < len(matrix):
        return matrix.index_select(0, rows).index_select(1, columns)
    return matrix.index_select(1, columns).index_select(0, rows)


def _nearness(places: Tensor) -> Tensor:
    return torch.exp(-0.5 * squared_distances(places, places))


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """Return (n, m) squared Euclidean distances of rows."""
    return _squared_distances(a, b, a @ b.t())


def _squared_distances(a: Tensor, b: Tensor, products: Tensor) -> Tensor:
    """Return the same, where the inner products (n, m) are known."""
    lengths = a.square().sum(1)[:, None] + b.square().sum(1)[None]
    return lengths.sub(products, alpha=2).clamp(min=0)


def _same(a: Tensor, b: Tensor) -> Tensor:
    return (a[:, None] == b[None]).double()
