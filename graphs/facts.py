"""Facts of cards that evidence is weighed by: unscaled numbers and categories of every node, NaN where not known.

Unlike ``x_number``, whose columns are those that most cards of a zoo have, these are the same columns in every graph.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from math import log
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.pretraining import LineageKind
from zoograph.graphs.nodes import number_groups, number_table
from zoograph.graphs.schema import DATASET, MODEL

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

SIZES = ("parameters", "gmacs", "activations", "input_size", "num_features")
IMAGENET = ("imagenet", "real", "v2", "a", "r", "sketch")
_COPIES = (LineageKind.FINE_TUNED, LineageKind.SAME_WEIGHTS)


def add_facts(
    graph: HeteroData, models: Sequence[ModelCard], datasets: Sequence[DatasetCard], hidden: Sequence[Collection[str]]
) -> None:
    """Give the nodes of ``graph`` the facts of their cards.

    Models: ``sizes`` (M, 5) logarithms of ``SIZES``; ``imagenet`` (M, 6) top-1 accuracies of ``IMAGENET``;
    ``architecture``, ``objective`` (M,) codes, 0 for an unknown objective; ``corpora`` (M, C) 1 for each corpus that it
    was trained on; ``ancestors`` (M, M) 1 for itself and for the weights that it was fine-tuned from.

    Datasets: ``classes``, ``samples`` and ``per_class`` (D,) logarithms; ``domain`` (D,) codes, 0 for an unknown one.

    Args:
        graph: with its nodes.
        models: cards in the order of the nodes.
        datasets: likewise.
        hidden: names of the numbers of each model that are results here, see :mod:`zoograph.graphs.results`.
    """
    store = graph[MODEL]
    store.sizes = number_table([[_log(getattr(card, name)) for name in SIZES] for card in models], len(SIZES))
    results = [_imagenet(card, names) for card, names in zip(models, hidden, strict=True)]
    store.imagenet = number_table(results, len(IMAGENET))
    store.architecture = number_groups(card.timm_name or card.architecture or card.id for card in models)
    store.objective = codes(card.objective for card in models)
    names = sorted({corpus for card in models for corpus in card.trained_on})
    place = {name: i for i, name in enumerate(names)}
    store.corpora = torch.zeros(len(models), len(names))
    node = {card.id: i for i, card in enumerate(models)}
    store.ancestors = torch.eye(len(models))
    for i, card in enumerate(models):
        for corpus in card.trained_on:
            store.corpora[i, place[corpus]] = 1.0
        for step in card.derived_from:
            if step.kind in _COPIES and step.model in node:
                store.ancestors[i, node[step.model]] = 1.0
    store = graph[DATASET]
    for name, values in (
        ("classes", [card.num_classes for card in datasets]),
        ("samples", [card.num_samples for card in datasets]),
        ("per_class", [_per_class(card) for card in datasets]),
    ):
        store[name] = number_table([[_log(value)] for value in values], 1)[:, 0]
    store.domain = codes(card.domain for card in datasets)


def _imagenet(card: ModelCard, hidden: Collection[str]) -> list[float | None]:
    if "imagenet_top1" in hidden:
        return [None] * len(IMAGENET)
    if card.imagenet is None:
        return [card.imagenet_top1, *[None] * (len(IMAGENET) - 1)]
    return [getattr(card.imagenet, name) for name in IMAGENET]


def _per_class(card: DatasetCard) -> float | None:
    if card.samples_per_class is not None or card.num_samples is None or card.num_classes is None:
        return card.samples_per_class
    return card.num_samples / card.num_classes


def _log(value: float | None) -> float | None:
    return log(value) if value else None


def codes(words: Iterable[str | None]) -> Tensor:
    """Return (n,) the code of each word as they come; one that is not known has code 0."""
    return number_groups([None, *words])[1:]
