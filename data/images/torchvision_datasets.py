"""Image tasks from the datasets of torchvision, and from whatever looks like one: labels are what the items say."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from PIL import Image
from torch.utils.data import ConcatDataset, Subset

from zoograph.data.images.task import ImageTask, ImageTaskError, make_task

_LISTS = ("targets", "labels", "_labels")
_log = logging.getLogger(__name__)


def task_from_torchvision(dataset: Any, id: str, classes: Sequence[str] | None = None) -> ImageTask:
    """Return the task of a torchvision dataset, a ``Subset``, a ``ConcatDataset``, or any ``(image, label)`` items.

    Labels are those of the items, so that a ``target_transform`` counts. They are read without opening images where a
    dataset of torchvision itself lists them; else every item is opened once. Images without a label (None, or a
    negative number) are left out.

    Args:
        dataset: made without a transform of its images.
        id: of the dataset.
        classes: names; default: the labels themselves if they are texts; else the dataset's ``classes``, if nothing
            changes its labels.

    Raises:
        ImageTaskError: if labels are neither numbers nor texts or have no name, if an item is no PIL image, or if
            there are fewer than two classes.
    """
    raw, known = _view(dataset, id)
    values = [_plain(value, id) for value in raw]
    rows = [row for row, value in enumerate(values) if value is not None]
    if len(rows) < len(values):
        _log.warning("%d images of '%s' have no label and are left out.", len(values) - len(rows), id)
    names = list(known if classes is None else classes)
    texts = sorted({value for value in values if isinstance(value, str)})
    if texts and classes is None:
        names = texts
    labels = [_place(values[row], names, id) for row in rows]

    def read(row: int) -> Image.Image:
        image = dataset[rows[row]][0]
        if not isinstance(image, Image.Image):
            raise ImageTaskError(
                f"The items of '{id}' must be PIL images (got {type(image).__name__}). "
                "Make the dataset without a transform."
            )
        return image

    inner = dataset
    while type(inner) is Subset:
        inner = inner.dataset
    return make_task(id, type(inner).__name__, names, [f"{id}[{row}]" for row in rows], labels, read)


def _view(dataset: Any, id: str) -> tuple[list[Any], tuple[str, ...]]:
    """Return the label of each item, and the names of the classes; none if the labels are not the dataset's own."""
    if isinstance(dataset, ConcatDataset):
        parts = [_view(part, id) for part in dataset.datasets]
        if len({names for _, names in parts}) > 1:
            raise ImageTaskError(
                f"The parts of '{id}' must have the same classes in the same order (got others). Make one task of each."
            )
        return [label for labels, _ in parts for label in labels], parts[0][1]
    if type(dataset) is Subset:
        listed = _listed(dataset.dataset)
        if _trusted(dataset.dataset) is not None or isinstance(dataset.dataset, ConcatDataset | Subset):
            labels, names = _view(dataset.dataset, id)
            return [labels[row] for row in dataset.indices], names
        own = None if listed is None else [listed[row] for row in dataset.indices]
        return _judge([dataset[row][1] for row in range(len(dataset))], own, dataset.dataset)
    labels = _trusted(dataset) or [dataset[row][1] for row in range(len(dataset))]
    return _judge(labels, _listed(dataset), dataset)


def _judge(labels: list[Any], listed: list[Any] | None, dataset: Any) -> tuple[list[Any], tuple[str, ...]]:
    """Return labels and the dataset's names of classes, which hold for the labels that it lists alone."""
    holds = listed is None or all(map(_same, labels, listed))
    names = getattr(dataset, "classes", ()) if holds else ()
    return labels, tuple(str(name[0] if isinstance(name, tuple) else name) for name in names)


def _listed(dataset: Any) -> list[Any] | None:
    """Return the labels that a dataset lists beside its items."""
    name = next((name for name in _LISTS if hasattr(dataset, name)), None)
    return None if name is None else list(getattr(dataset, name))


def _trusted(dataset: Any) -> list[Any] | None:
    """Return the labels that the items of a dataset of torchvision have, if its list tells them."""
    listed = _listed(dataset)
    change, together = (getattr(dataset, name, None) for name in ("target_transform", "transforms"))
    is_own = type(dataset).__module__.startswith("torchvision.datasets")
    changed_elsewhere = together is not None and getattr(together, "target_transform", together) is not change
    if not listed or not is_own or changed_elsewhere:
        return None
    labels = [value if change is None else change(value) for value in listed]
    # Some list other targets than those that they were asked for.
    return labels if len(labels) == len(dataset) and _same(dataset[0][1], labels[0]) else None


def _same(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except (TypeError, ValueError, RuntimeError):
        return False


def _plain(value: Any, id: str) -> int | str | None:
    """Return a label as a number or a text; None if there is none."""
    if value is None or isinstance(value, str):
        return value
    try:
        number = int(value)
        if number == value:
            return number if number >= 0 else None
    except (TypeError, ValueError, RuntimeError):
        pass
    raise ImageTaskError(
        f"The labels of '{id}' must be whole numbers or names (got {type(value).__name__}). "
        "Make the dataset with a 'target_transform' that returns one."
    )


def _place(value: int | str | None, names: Sequence[str], id: str) -> int:
    """Return the label as a place among the names, if there are names."""
    if isinstance(value, str):
        if value in names:
            return list(names).index(value)
    elif value is not None and (not names or value < len(names)):
        return value
    raise ImageTaskError(
        f"Each label of '{id}' must have a name (got {value!r}, and {len(names)} names). Give all names as 'classes'."
    )
