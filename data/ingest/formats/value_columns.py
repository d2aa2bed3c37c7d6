"""Columns of results: the many names of the accuracy on images that a model did not learn from."""

from __future__ import annotations

import re

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.tables import Table
from zoograph.data.records.naming.spellings import fold

METRICS = "metrics."
"""What trackers write before the name of something that was measured."""

# Up to the next bracket alone: a name of nothing but open ones would be read again from each of them.
_UNITS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_BEFORE = re.compile(r"metrics[./]", re.IGNORECASE)
_ACCURACIES = ("accuracy", "acc", "top1", "acc1", "top1acc", "top1accuracy", "accuracytop1", "acctop1", "accuracy1")
_HELD_OUT = ("test", "eval", "val", "valid", "validation")

FURTHER_CHOICES = tuple(
    tuple(f"{split}{name}" for split in splits for name in _ACCURACIES)
    for splits in (("test",), ("",), ("eval",), _HELD_OUT[2:])
)
"""Names of columns, as :func:`plain_name` gives them, that hold the value where there is none of an earlier choice."""

# Of the same run, as timm's tables and trainings have them.
_OTHER_RESULTS = re.compile(
    r"(test|eval|val|valid|validation)?(top1err|top5err|top5|acc5|top5acc(uracy)?|acc(uracy)?top5)"
)
_TIMES = frozenset({"epoch", "step"})


def plain_name(column: str) -> str:
    """Return what the spellings of a column share, without what trackers write before it and units after it.

    >>> plain_name("metrics.val/acc@1"), plain_name("Top-1 Accuracy (%)")
    ('valacc1', 'top1accuracy')
    """
    return fold(_UNITS.sub("", _BEFORE.sub("", column)))


def is_other_result(column: str) -> bool:
    """Whether a column is of something else that was measured of a run, which is no setting of it."""
    return _BEFORE.match(column) is not None or _OTHER_RESULTS.fullmatch(plain_name(column)) is not None


def not_on_training_images(table: Table, value: str) -> str:
    """Return the column of the value; of a training, ``accuracy`` beside ``val_accuracy`` is on training images.

    Args:
        table: what is to be read.
        value: the column that is called like a value.

    Raises:
        RawDataError: if it cannot be told.
    """
    columns = {plain_name(column): column for column in table.columns}
    name = plain_name(value)
    twins = [columns[f"{split}{name}"] for split in _HELD_OUT if f"{split}{name}" in columns]
    if name not in _ACCURACIES or not twins:
        return value
    if columns.keys() & {*_TIMES, *(f"{split}loss" for split in _HELD_OUT)}:
        return twins[0]
    raise RawDataError(
        f"'{table.name}' has '{value}' beside '{twins[0]}', which trainings write of the images that they learn from. "
        f"Say which is the result: --map value={twins[0]}, or --map value={value}."
    )
