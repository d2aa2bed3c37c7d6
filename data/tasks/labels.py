"""Labels of a table: whether they are classes, one for each sample, rather than lists or measurements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from zoograph.data.tasks.task import TaskError


def require_classes(
    cells: Sequence[Any], id: str, column: str, sample: str, error: type[TaskError] = TaskError, named: bool = False
) -> None:
    """Raise unless the cells of a column are classes of samples.

    Args:
        cells: one for each sample; None where there is no label.
        id: of the dataset, for the sentences.
        column: that holds the labels.
        sample: what a sample is called, such as ``image``.
        error: that is raised.
        named: whether the cells are numbers of classes whose names are known.

    Raises:
        TaskError: if most samples have a list, or if many have a number with a fraction.
    """
    if sum(map(_is_list, cells)) > len(cells) / 2:
        raise error(
            f"The labels of '{id}' must be one for each {sample} (got a list for each in '{column}', of several labels "
            "or of one for each part). Name another column with --label-column, or keep one label of each."
        )
    fractions = [] if named else [cell for cell in map(as_number, cells) if cell is not None and not cell.is_integer()]
    if len(set(fractions)) > max(10, len(cells) // 10):
        raise error(
            f"The labels of '{id}' must be classes (got measurements such as {fractions[0]:g} in '{column}'). "
            f"Name another column with --label-column; 'zoograph score' takes measurements with --target '{column}'."
        )


def as_number(cell: Any) -> float | None:
    """Return the finite number that a cell is, as a number or in writing; None if it is none.

    >>> as_number("2.5"), as_number(True), as_number("nan")
    (2.5, None, None)
    """
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return None
    try:
        number = float(cell)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _is_list(cell: Any) -> bool:
    """Return whether a cell is a list, or one as a table has it in writing, such as ``['war', 'drama']``."""
    if isinstance(cell, str):
        return cell.strip().startswith("[") and cell.strip().endswith("]")
    return isinstance(cell, list | tuple | dict)
