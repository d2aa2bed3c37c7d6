"""Nodes: cards become numbers, categories and text embeddings, with masks for what is not known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from math import log
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from zoograph.data.records.cards import Card, DatasetCard, ModelCard
from zoograph.graphs.schema import MODEL_NUMBERS

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

TextLookup = Callable[[Sequence[str]], np.ndarray]


# Fractions enter as they are; everything else is a size and enters as its logarithm.
_FRACTIONS = frozenset({"imagenet_top1", "source_accuracy"})
# A column that most cards say nothing in tells those that do from the others, and little else.
_LEAST_KNOWN = 0.5


def model_numbers(
    card: ModelCard, datasets: Mapping[str, DatasetCard], more: Sequence[str] = (), hidden: Collection[str] = ()
) -> list[float | None]:
    """Return the numbers of ``MODEL_NUMBERS`` and ``more``; sizes are logarithms, ``None`` is not known.

    Args:
        card: of the model.
        datasets: of its corpora.
        more: names as :func:`more_numbers` returns them.
        hidden: names of numbers that are results here, see :mod:`zoograph.graphs.results`.
    """
    corpus = datasets.get(card.pretrained_on or "")
    classes = corpus.num_classes if corpus else None
    known = [None if name in hidden else read_number(card, name) for name in MODEL_NUMBERS[:-1]]
    return [*known, log(classes) if classes else None, *(read_number(card, name) for name in more)]


def more_numbers(cards: Sequence[Card], names: Sequence[str]) -> list[str]:
    """Return those of ``names`` that at least half of the cards have, and flags of what sets models apart.

    A flag such as ``objective:distilled`` or ``reads:text`` is 1 or 0; a word that all cards share has none.
    """
    found = [name for name in names if _is_mostly_known(cards, name)]
    models = [card for card in cards if isinstance(card, ModelCard)]
    objectives = [card.objective.value for card in models if card.objective is not None]
    if len(set(objectives)) > 1 and len(objectives) >= _LEAST_KNOWN * len(models):
        found += [f"objective:{word}" for word in sorted(set(objectives))]
    for word in sorted({word for card in models for word in card.modalities}):
        if not all(word in card.modalities for card in models):
            found.append(f"reads:{word}")
    return found


def _is_mostly_known(cards: Sequence[Card], name: str) -> bool:
    known = sum(read_number(card, name) is not None for card in cards)
    return known > 0 and known >= _LEAST_KNOWN * len(cards)


def read_number(card: Card, name: str) -> float | None:
    """Return a number of a card as the network reads it: a size as its logarithm, a fraction or a flag as it is."""
    kind, _, word = name.partition(":")
    if kind == "reads":
        return float(isinstance(card, ModelCard) and word in card.modalities)
    value = getattr(card, kind)
    if value is None or name in _FRACTIONS:
        return value
    return float(value == word) if word else log(value)


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
    """Add nodes of one kind with their numbers, categories and text embeddings, and masks of what is known.

    A text that is looked up as NaN is not known.
    """
    store = graph[kind]
    store.num_nodes, store.ids = len(ids), ids
    store.x_number, store.x_number_mask = _masked(numbers)
    store.x_category = torch.tensor(categories, dtype=torch.long)
    slots = len(texts[0]) if texts else 1
    flat = [value for row in texts for value in row]
    known = torch.tensor([value is not None for value in flat], dtype=torch.bool)
    found = torch.from_numpy(text([value for value in flat if value is not None]).copy()).float()
    vectors = torch.zeros(len(flat), found.shape[1])
    vectors[known] = found.nan_to_num(0.0)
    known[known.clone()] = ~found.isnan().any(1)
    store.x_text, store.x_text_mask = vectors.reshape(len(ids), slots, found.shape[1]), known.reshape(len(ids), slots)


def _masked(rows: list[list[float | None]]) -> tuple[Tensor, Tensor]:
    table = number_table(rows, len(rows[0]) if rows else 0)
    mask = ~table.isnan()
    return table.nan_to_num(0.0), mask


def number_table(rows: Sequence[Sequence[float | None]], width: int) -> Tensor:
    """Return (n, width) float32 numbers, NaN where one is not known."""
    table = [[float("nan") if value is None else value for value in row] for row in rows]
    return torch.tensor(table, dtype=torch.float32).reshape(len(rows), width)


def number_groups(keys: Iterable[str | None]) -> Tensor:
    """Return (n,) the group of each key, numbered from 0 as they come."""
    number: dict[str | None, int] = {}
    return torch.tensor([number.setdefault(key, len(number)) for key in keys], dtype=torch.long)
