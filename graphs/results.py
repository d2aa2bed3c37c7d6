"""Results that stand on a model's card, which must not be read by whoever predicts them.

The top-1 accuracy on ImageNet is what a ``native`` run on ImageNet measures, and nearly what any other run on it, or on
one of the test sets made after it, does; the accuracy on a model's own last corpus is what a run there measures.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import Protocol
from zoograph.graphs.schema import DATASET, MODEL, MODEL_NUMBERS, PRETRAINED_ON
from zoograph.graphs.splits import is_edge

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

IMAGENET_VARIANTS = frozenset(
    {"imagenet", "imagenet-real", "imagenetv2", "imagenet-a", "imagenet-o", "imagenet-r", "imagenet-sketch"}
)
"""ImageNet-1k and the test sets that its classes are asked on."""

RESULTS = ("imagenet_top1", "source_accuracy")
"""Numbers of a model's card that are results of runs."""

_COLUMNS = [MODEL_NUMBERS.index(name) for name in RESULTS]
_OWN_HEAD = (None, Protocol.NATIVE)


def hidden_numbers(card: ModelCard, protocol: Protocol | None, measured_on: frozenset[str]) -> frozenset[str]:
    """Return the numbers of a card that must not be read in a graph whose runs measured the model.

    Args:
        card: of the model.
        protocol: of the graph's runs; None for all of them.
        measured_on: datasets that the model has a run on in this graph.
    """
    imagenet = protocol in _OWN_HEAD or bool(IMAGENET_VARIANTS & measured_on)
    corpora = measured_on | (IMAGENET_VARIANTS if imagenet else frozenset())
    source = card.pretrained_on in corpora
    return frozenset(name for name, hidden in zip(RESULTS, (imagenet, source), strict=True) if hidden)


def asks_for_results(graph: HeteroData, pairs: Tensor) -> Tensor:
    """Return (n,) which of the (2, n) pairs ask for what may stand on a card of the graph.

    These are pairs with ImageNet or one of its variants, and pairs of a model and its own last corpus; none where no
    card has a result.
    """
    told = graph[MODEL].x_number_mask[:, _COLUMNS].any() or not graph[MODEL].imagenet.isnan().all()
    if not told:
        return torch.zeros(pairs.shape[1], dtype=torch.bool)
    ids = graph[DATASET].ids
    variants = torch.tensor([name in IMAGENET_VARIANTS for name in ids], dtype=torch.bool)
    store = graph[PRETRAINED_ON]
    last = store.edge_index[:, store.position == 0]
    return variants[pairs[1]] | is_edge(last, pairs)


def without_results(graph: HeteroData, models: Tensor | None = None) -> HeteroData:
    """Return a copy in which no card says how accurate its model is, or none of those of ``models`` (k,)."""
    result = copy.copy(graph)
    store = result[MODEL]
    hidden = torch.zeros_like(store.x_number_mask)
    rows = torch.arange(len(hidden)) if models is None else models
    for column in _COLUMNS:
        hidden[rows, column] = True
    store.x_number, store.x_number_mask = store.x_number.masked_fill(hidden, 0.0), store.x_number_mask & ~hidden
    store.imagenet = store.imagenet.index_fill(0, rows, float("nan"))
    return result
