"""What the library ``datasets`` loads, from the hub or a folder that it saved: splits, columns and labels."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zoograph.data.files.hub import hub_or_cache
from zoograph.data.tasks.splits import Split, split_named
from zoograph.data.tasks.task import TaskError

LABEL_NAMES = frozenset({"label", "labels", "class", "class_name", "category", "target"})
"""What a column of labels is called in most datasets."""

_DESCRIBED = ("dataset_dict.json", "dataset_info.json")
_log = logging.getLogger(__name__)


def import_datasets() -> Any:
    """Return the library ``datasets``.

    Raises:
        TaskError: if it is not installed.
    """
    try:
        import datasets
    except ImportError as error:
        raise TaskError(
            "Datasets of the Hugging Face hub need the library 'datasets'. "
            "Install it with 'pip install \"zoograph[hub-datasets]\"', or give a folder."
        ) from error
    return datasets


def is_saved(folder: Path) -> bool:
    """Return whether ``save_to_disk`` of the library ``datasets`` wrote a folder."""
    return any((folder / name).is_file() for name in _DESCRIBED)


def saved_features(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the features of each split of a saved folder as its description has them; the library is not imported."""
    for path in sorted([folder / _DESCRIBED[1], *folder.glob(f"*/{_DESCRIBED[1]}")]):
        try:
            described = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(described, dict) and isinstance(described.get("features"), dict):
            yield described["features"]


def load_saved(folder: Path) -> Any:
    """Return what ``save_to_disk`` wrote.

    Raises:
        TaskError: if it cannot be read.
    """
    datasets = import_datasets()
    try:
        return datasets.load_from_disk(str(folder))
    except (OSError, ValueError, KeyError) as error:
        raise TaskError(
            f"The folder '{folder}' must hold a dataset that 'save_to_disk' wrote (got: {error}). Save it again."
        ) from error


def load_from_hub(name: str) -> Any:
    """Return a dataset of the Hugging Face hub; it is downloaded if it is not cached.

    Raises:
        TaskError: if it cannot be loaded.
    """
    datasets = import_datasets()
    try:
        with hub_or_cache() as why_not:
            return datasets.load_dataset(name)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        if why_not is not None:
            reason = f"{why_not}, and the cache does not have it"
        raise TaskError(
            f"The dataset '{name}' must be a folder of images or texts, a table of texts, or a dataset on the Hugging "
            f"Face hub (got: {reason}). Check the name, or give the path of a folder or a file."
        ) from error


def caches() -> list[Path]:
    """Return the folders into which the libraries of the hub download."""
    from huggingface_hub import constants

    return [Path(import_datasets().config.HF_DATASETS_CACHE), Path(constants.HF_HUB_CACHE)]


def choose_splits(loaded: Any, id: str) -> dict[Split, Any]:
    """Return the splits by what they are for: the one to train on is called so, or is the first."""
    if not isinstance(loaded, dict):
        return {Split.TRAIN: loaded}
    meant: dict[Split, str] = {}
    for name in loaded:
        if (split := split_named(name)) is not None:
            meant.setdefault(split, name)
    if Split.TRAIN not in meant and len(loaded) > 1:
        _log.warning("'%s' has no training split: its first one, '%s', is trained on.", id, next(iter(loaded)))
    first = meant.setdefault(Split.TRAIN, next(iter(loaded)))
    chosen = {split: name for split, name in meant.items() if split is Split.TRAIN or name != first}
    if unused := [name for name in loaded if name not in chosen.values()]:
        _log.warning("Splits of '%s' that are not used: %s.", id, ", ".join(map(repr, unused)))
    return {split: loaded[name] for split, name in chosen.items()}


def labels_of(rows: Any, sample: str, label: str) -> list[str | None]:
    """Return the name of the class of each row; None where it has none, and for all if there is no such column.

    Args:
        rows: of one split.
        sample: its column of samples.
        label: the column of labels of the training split.
    """
    column = label if _is_label(rows.features.get(label)) else find_label(rows)
    if sample not in rows.features or column is None:
        return [None] * len(rows)
    names, values = getattr(rows.features[column], "names", None), rows[column]
    if names is None:
        return [value or None for value in values]
    return [names[value] if value is not None and 0 <= value < len(names) else None for value in values]


def find_label(rows: Any) -> str | None:
    """Return the first column of class labels; else the one that is called so, if it holds texts."""
    named = [name for name, feature in rows.features.items() if is_kind(feature, "ClassLabel")]
    texts = [name for name in rows.features if name.casefold() in LABEL_NAMES and _is_label(rows.features[name])]
    return next(iter([*named, *texts]), None)


def is_kind(feature: Any, kind: str) -> bool:
    """Return whether a feature is of a kind, such as ``Image``."""
    return isinstance(feature, getattr(import_datasets(), kind))


def _is_label(feature: Any) -> bool:
    return is_kind(feature, "ClassLabel") or getattr(feature, "dtype", None) in ("string", "large_string")
