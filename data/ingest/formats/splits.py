"""Splits: results on what a model learned from are no measurements of how it does on new samples."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_COLUMNS = frozenset({"split", "dataset_split", "eval_split", "data_split", "subset", "partition", "phase", "mode"})
_TRAINING = re.compile(r"(?:train|training|trn)(?![a-z])", re.IGNORECASE)


def find_training_split(fields: Mapping[str, Any]) -> str | None:
    """Return what a row calls its split, if that is the one that models learn from; else None.

    >>> find_training_split({"split": "train[:90%]"}), find_training_split({"split": "test", "optimiser": "train"})
    ('train[:90%]', None)
    """
    for name, cell in fields.items():
        if isinstance(cell, str) and name.casefold() in _COLUMNS and is_training_name(cell.strip()):
            return cell.strip()
    return None


def is_training_name(text: str) -> bool:
    """Whether a name begins as that of the training split, or of a metric on it, does.

    >>> [is_training_name(text) for text in ("train", "Training accuracy", "trainval", "test")]
    [True, True, False, False]
    """
    return _TRAINING.match(text) is not None
