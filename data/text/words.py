"""Texts of a graph (names, domains, labels) and the table that holds their embeddings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from zoograph.data.records.cards import DatasetCard, ModelCard

_SEPARATORS = re.compile(r"[\s_\-/\\]+|(?<!\d)\.|\.(?!\d)")
_CODE = re.compile(r"\d{4,}")
_LABELS_KEPT = 1 << 16


def readable(name: str) -> str:
    """Write a name the way a person would: separators become spaces, a dot between digits stays.

    >>> readable("flying_saucer"), readable("vit-base-patch16-224")
    ('flying saucer', 'vit base patch16 224')
    """
    return " ".join(_SEPARATORS.sub(" ", name).split()) or name.strip()


def name_text(name: str) -> str:
    """Return the text that is embedded for a model or a dataset: its readable name without a hub owner.

    >>> name_text("google/vit-base-patch16-224")
    'vit base patch16 224'
    """
    return readable(name.rstrip("/").rpartition("/")[2] or name)


def model_text(card: ModelCard) -> str:
    """Return the text that is embedded for a model: the name of its architecture, or its own where that is not known.

    What else a name says, such as the corpora of the weights, the card says in fields of its own.
    """
    return name_text(card.architecture or card.id)


@lru_cache(_LABELS_KEPT)  # a graph asks four times for each
def label_text(label: str) -> str:
    """Return the form of a label in which two datasets share it, and which is embedded.

    >>> label_text("Flying_saucer")
    'flying saucer'
    """
    return readable(label).casefold()


def says_nothing(label: str) -> bool:
    """Return whether an encoder of English text learns nothing from a label: a code, or words in another script.

    >>> [says_nothing(label) for label in ("oak", "chêne", "n01440764", "дуб")]
    [False, False, True, True]
    """
    foreign = any(letter.isalpha() and "LATIN" not in unicodedata.name(letter, "") for letter in label)
    return foreign or _CODE.search(label) is not None


def zoo_texts(models: Iterable[ModelCard], datasets: Iterable[DatasetCard]) -> list[str]:
    """Return the distinct texts that a graph of these cards needs, sorted.

    A model gives the readable name of its architecture and its family; a dataset its readable name, its domain and
    every label.
    """
    texts: set[str] = set()
    for model in models:
        texts.add(model_text(model))
        if model.family is not None:
            texts.add(model.family)
    for dataset in datasets:
        texts.add(name_text(dataset.id))
        if dataset.domain is not None:
            texts.add(dataset.domain)
        texts.update(label_text(label) for label in dataset.labels)
    return sorted(texts)
