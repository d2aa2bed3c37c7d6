"""Nodes: cards become numbers, categories and text embeddings, with masks for what is not known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import log

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.records.cards import Card, DatasetCard, ModelCard
from zoograph.graphs.schema import (
    MODEL_NUMBERS,
)

TextLookup = Callable[[Sequence[str]], np.ndarray]


# Fractions enter as they are; everything else is a size and enters as its logarithm.
_FRACTIONS = frozenset({"imagenet_top1", "source_accuracy"})


def model_numbers(card: ModelCard, datasets: Mapping[str, DatasetCard]) -> list[float | None]:
    """Return the numbers of ``MODEL_NUMBERS``; sizes are logarithms, ``None`` is not known."""
    corpus = datasets.get(card.pretrained_on or "")
    classes = corpus.num_classes if corpus else None
    known = [read_number(card, name) for name in MODEL_NUMBERS[:-1]]
    return [*known, log(classes) if classes else None]


def read_number(card: Card, name: str) -> float | None:
    """Return a number of a card as the network reads it: a size as its logarithm, a fraction as it is."""
    value = getattr(card, name)
    if value is None or name in _FRACTIONS:
        return value
    return log(value)


def code_of(words: Sequence[str], word: str | None) -> int:
    """Return the code of a word, from 1; 0 for a word that is not listed."""
    return words.index(word) + 1 if word in words else 0


def add_nodes(
    graph: HeteroData,
    kind: str,
    ids: list[str],
    numbers: list[list[float | None]],
    categories: list[int],
    texts: list[list[str | None]],
    text: TextLookup,
) -> None:
    """Add nodes of one kind with their numbers, categories and text embeddings, and masks of what is known."""
    store = graph[kind]
    store.num_nodes, store.ids = len(ids), ids
    store.x_number, store.x_number_mask = _masked(numbers)
    store.x_category = torch.tensor(categories, dtype=torch.long)
    slots = len(texts[0]) if texts else 1
    flat = [value for row in texts for value in row]
    known = torch.tensor([value is not None for value in flat], dtype=torch.bool)
    found = torch.from_numpy(text([value for value in flat if value is not None]).copy()).float()
    vectors = torch.zeros(len(flat), found.shape[1])
    vectors[known] = found
    store.x_text, store.x_text_mask = vectors.reshape(len(ids), slots, found.shape[1]), known.reshape(len(ids), slots)


def _masked(rows: list[list[float | None]]) -> tuple[Tensor, Tensor]:
    width = len(rows[0]) if rows else 0
    table = torch.tensor(
        [[float("nan") if value is None else value for value in row] for row in rows], dtype=torch.float32
    ).reshape(len(rows), width)
    mask = ~table.isnan()
    return table.nan_to_num(0.0), mask


def number_groups(keys: Iterable[str]) -> Tensor:
    """Return (n,) the group of each key, numbered from 0 as they come."""
    number: dict[str, int] = {}
    return torch.tensor([number.setdefault(key, len(number)) for key in keys], dtype=torch.long)
