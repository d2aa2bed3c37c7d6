"""What the nodes of a graph are compared by: cards, texts, lineage and families of models and datasets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import normalize

from zoograph.graphs.facts import SIZES
from zoograph.graphs.schema import DATASET, HAS, LABEL, MODEL
from zoograph.models.training_records import count

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

# Mean and spread of the logarithms of sizes, and of the logits of ImageNet accuracies, over timm's pre-trained weights.
_SIZES = torch.tensor([[17.9, 2.4, 3.5, 5.6, 6.9], [1.6, 2.1, 1.7, 0.3, 0.7]], dtype=torch.float64)
_IMAGENET = torch.tensor(
    [[1.43, 1.79, 0.84, -1.24, -0.11, -0.66], [0.31, 0.30, 0.29, 1.24, 0.52, 0.47]], dtype=torch.float64
)
_NEAR_END = 0.01
_SHRINKAGE = 3.0


@dataclass(frozen=True)
class ModelFeatures:
    """Blocks of features of M models; each is compared by a kernel of its own.

    Attributes:
        blocks: (M, F) each, scaled so that two unlike models are about 1 apart, squared, in each block.
        family, architecture: (M,) codes; equal for relatives.
        ancestors: (M, A) shares of the weights that more than one model comes from, its own among them; rows of all
            weights, also those that nobody shares, would have length 1.
        node: (M,) what a model is recognised by.
        compute: (M,) logarithm of its multiply-accumulates about the mean, in standard deviations; 0 where not known.
    """

    blocks: dict[str, Tensor]
    family: Tensor
    architecture: Tensor
    ancestors: Tensor
    node: Tensor
    compute: Tensor

    @classmethod
    def of(cls, graph: HeteroData) -> ModelFeatures:
        """Return the features of a graph's models; what a card does not say is estimated from what it does."""
        store = graph[MODEL]
        family = one_hot(store.x_category)
        known_sizes = (store.sizes.double() - _SIZES[0]) / _SIZES[1]
        sizes = fill(known_sizes, family)
        known = torch.logit(store.imagenet.double().clamp(_NEAR_END, 1 - _NEAR_END))
        corpora = store.corpora.double()
        about = torch.cat([sizes, family, corpora, one_hot(store.objective)], 1)
        imagenet = fill(like_siblings((known - _IMAGENET[0]) / _IMAGENET[1], store.architecture), about)
        blocks = {
            "sizes": sizes / sizes.shape[1] ** 0.5,
            "imagenet": imagenet / imagenet.shape[1] ** 0.5,
            "corpora": corpora / 1.2**0.5,
            "objective": one_hot(store.objective),
            "text": store.x_text[:, 0].double() * 1.4,
        }
        ancestors = normalize(store.ancestors, dim=1)[:, (store.ancestors > 0).sum(0) > 1].double()
        compute = known_sizes[:, SIZES.index("gmacs")].nan_to_num(0.0)
        return cls(blocks, store.group, store.architecture, ancestors, torch.arange(len(sizes)), compute)

    def at(self, models: Tensor) -> ModelFeatures:
        """Return the features of some (k,) models."""
        blocks = {name: block[models] for name, block in self.blocks.items()}
        rest = (self.family, self.architecture, self.ancestors, self.node, self.compute)
        return ModelFeatures(blocks, *(part[models] for part in rest))


@dataclass(frozen=True)
class DatasetFeatures:
    """Blocks of features of D datasets.

    Attributes:
        blocks: (D, F) each, as those of models.
        domain: (D,) codes, 0 for an unknown one.
        labels: (D, L) unit rows over labels, 0 for a dataset without any.
        classes, per_class: (D,) logarithms about those of a middling dataset; 0 where not known.
        chance: (D,) what guessing gives; 0 where the number of classes is not known, or where it is no accuracy.
        node: (D,) what a dataset is recognised by.
    """

    blocks: dict[str, Tensor]
    domain: Tensor
    labels: Tensor
    classes: Tensor
    per_class: Tensor
    chance: Tensor
    node: Tensor

    @classmethod
    def of(cls, graph: HeteroData, has_chance: bool = True) -> DatasetFeatures:
        """Return the features of a graph's datasets.

        Args:
            graph: as built.
            has_chance: whether the graph's metric is an accuracy, which guessing gives one over the classes of.
        """
        store = graph[DATASET]
        name, domain = store.x_text[:, 0].double(), store.x_text[:, 1].double()
        members = _label_members(graph)
        labels = normalize(members @ graph[LABEL].x_text[:, 0].double(), dim=1) if members.shape[1] else name
        labels = torch.where(members.sum(1, keepdim=True) > 0, labels, name)
        chance = torch.exp(-store.classes.double()).nan_to_num(0.0) if has_chance else torch.zeros(len(name))
        return cls(
            {"name": name * 1.1, "labels": labels * 1.3, "domain": domain * 1.1},
            store.domain,
            normalize(members, dim=1),
            (store.classes.double() - 3.0).nan_to_num(0.0),
            (store.per_class.double() - 4.0).nan_to_num(0.0),
            chance.double().clamp(max=0.5),
            torch.arange(len(name)),
        )

    def at(self, datasets: Tensor) -> DatasetFeatures:
        """Return the features of some (k,) datasets."""
        blocks = {name: block[datasets] for name, block in self.blocks.items()}
        rest = (self.domain, self.labels, self.classes, self.per_class, self.chance, self.node)
        return DatasetFeatures(blocks, *(part[datasets] for part in rest))


def one_hot(codes: Tensor) -> Tensor:
    """Return (n, k) a column for each code that occurs."""
    _, place = torch.unique(codes, return_inverse=True)
    return torch.nn.functional.one_hot(place).double()


def like_siblings(numbers: Tensor, architecture: Tensor) -> Tensor:
    """Return (M, F) ``numbers`` in which models without any have the mean of those of their architecture."""
    known = ~numbers.isnan().any(1)
    _, place = torch.unique(architecture, return_inverse=True)
    number = count(place[known], int(place.max()) + 1 if len(place) else 0)
    summed = numbers.new_zeros(len(number), numbers.shape[1]).index_add_(0, place[known], numbers[known])
    return torch.where(numbers.isnan(), (summed / number[:, None])[place], numbers)


def fill(numbers: Tensor, about: Tensor) -> Tensor:
    """Return (M, F) ``numbers`` with the missing ones estimated, by ridge regression on ``about`` and earlier columns.

    A column that nobody has is 0.
    """
    filled = numbers.clone()
    predictors = torch.cat([torch.ones(len(numbers), 1, dtype=numbers.dtype), about], 1)
    for column in range(numbers.shape[1]):
        missing = numbers[:, column].isnan()
        rows = predictors[~missing]
        penalty = _SHRINKAGE * torch.eye(predictors.shape[1], dtype=numbers.dtype)
        penalty[0, 0] = 1e-6
        if missing.all():
            filled[:, column] = 0.0
        elif missing.any():
            weights = torch.linalg.solve(rows.t() @ rows + penalty, rows.t() @ numbers[~missing, column])
            filled[missing, column] = predictors[missing] @ weights
        predictors = torch.cat([predictors, filled[:, column : column + 1]], 1)
    return filled


def _label_members(graph: HeteroData) -> Tensor:
    members = torch.zeros(graph[DATASET].num_nodes, graph[LABEL].num_nodes, dtype=torch.float64)
    dataset, label = graph[HAS].edge_index
    members[dataset, label] = 1.0
    return members
