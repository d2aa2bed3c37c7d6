"""Tasks that a name or a path leads to, whatever their samples are: the one place that asks for the modality."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from zoograph.data.files.counts import some
from zoograph.data.records.cards import DatasetCard, Modality
from zoograph.data.records.naming.names import NameIndex
from zoograph.data.records.naming.spellings import Target
from zoograph.data.tasks.columns import list_named
from zoograph.data.tasks.identity import LocalIdentity, identify
from zoograph.data.tasks.loaded import caches, choose_splits, load_from_hub
from zoograph.data.tasks.splits import Split
from zoograph.data.tasks.task import LabelledTask, TaskError


class Source(Protocol):
    """What a module has to offer that opens the datasets of one modality."""

    def holds(self, place: Path) -> bool:
        """Return whether what lies there, or is called so, is a dataset of this modality."""

    def open_local(self, place: Path, domain: str | None = None) -> LabelledTask:
        """Return the task of a folder or file."""

    def read_card(self, place: Path, domain: str | None = None) -> DatasetCard:
        """Return the card of a folder or file."""

    def folder_digest(self, place: Path) -> str:
        """Return the digest of the classes of a folder or file, a dash, and that of its content."""

    def fits(self, features: Any) -> bool:
        """Return whether features of the library ``datasets`` have samples of this modality."""

    def has_columns(self, place: Path) -> bool:
        """Return whether a folder or file has columns that :func:`zoograph.data.tasks.columns.naming_columns` names."""

    def task_of(self, splits: Any, id: str, source: str, domain: str | None, roots: Sequence[Path]) -> LabelledTask:
        """Return the task of splits that the library ``datasets`` loaded; its files lie in one of ``roots``."""


# By name, so that a folder of images imports nothing of texts. Images come last: they explain what is wrong.
_SOURCES = {Modality.TEXT: "texts", Modality.IMAGE: "images"}


def looks_like_path(dataset: str) -> bool:
    """Return whether a name can only be a path: it begins with a dot, a tilde or a slash, or ends with a slash."""
    return dataset.startswith((".", "~", os.sep)) or dataset.endswith("/")


def is_local(dataset: str) -> bool:
    """Return whether a name means a folder or a file, which may be missing."""
    place = Path(dataset).expanduser()
    return place.exists() or looks_like_path(dataset) or holds_dataset(place)


def modality_of(place: Path) -> Modality:
    """Return what the samples of a folder or a file are; images where nothing says otherwise."""
    return next((kind for kind in _SOURCES if _source(kind).holds(place)), Modality.IMAGE)


def holds_dataset(place: Path) -> bool:
    """Return whether a folder, or a file, is or would be a dataset by its look."""
    return any(_source(kind).holds(place) for kind in _SOURCES)


def open_task(
    dataset: str,
    domain: str | None = None,
    modality: Modality | None = None,
    targets: Collection[Target] = (Target.CLASSES,),
) -> LabelledTask:
    """Return the task that ``dataset`` means.

    Args:
        dataset: a folder or a file, see :func:`zoograph.data.images.sources.open_local` and
            :func:`zoograph.data.texts.sources.open_local`; or the id of a dataset on the Hugging Face hub. What begins
            with a dot, a tilde or a slash, or ends with a slash, is always a path.
        domain: kind of samples, such as ``sketch``.
        modality: that alone is of use; default: any.
        targets: that are of use; default: classes of samples alone.

    Raises:
        ZoographError: if it is none of them, or of another modality, or has other targets.
    """
    task = _open(dataset, domain, modality)
    if task.target not in targets:
        raise TaskError(
            f"This command looks at {' and '.join(targets)} (got '{dataset}', with {task.target}). Give another "
            "dataset, or look at this one with 'zoograph score'."
        )
    return task


def _open(dataset: str, domain: str | None, modality: Modality | None) -> LabelledTask:
    if is_local(dataset):
        place = Path(dataset).expanduser()
        found = modality_of(place)
        require_modality(dataset, found, modality)
        return _source(found).open_local(place, domain)
    splits = choose_splits(load_from_hub(dataset), dataset)
    features = splits[Split.TRAIN].features
    found = next((kind for kind in reversed(_SOURCES) if _source(kind).fits(features)), Modality.IMAGE)
    require_modality(dataset, found, modality)
    return _source(found).task_of(splits, dataset, "Hugging Face hub", domain, caches())


def require_modality(dataset: str, found: str, wanted: str | None) -> None:
    """Raise unless a dataset is what a command can look at.

    Raises:
        TaskError: if it is not.
    """
    if wanted not in (None, found):
        raise TaskError(
            f"This command looks at {wanted}s (got '{dataset}', a dataset of {found}s). Give another dataset."
        )


def check_dataset(dataset: str, modality: Modality | None = None) -> Modality | None:
    """Return what the samples of a folder or file are; None for a name, which only the hub knows.

    Args:
        dataset: see :func:`open_task`.
        modality: that alone is of use; default: any.

    Raises:
        ZoographError: if it is a path, by its look or because something is there, that holds no dataset.
    """
    if not is_local(dataset):
        return None
    place = Path(dataset).expanduser()
    found = modality_of(place)
    require_modality(dataset, found, modality)
    _source(found).read_card(place)
    return found


def require_columns(*datasets: str) -> None:
    """Raise if columns are named, and no dataset has any; one that is no folder and no file is taken to have some.

    Args:
        datasets: see :func:`open_task`.

    Raises:
        TaskError: with the option that names one.
    """
    named = list_named()
    places = [Path(dataset).expanduser() for dataset in datasets if is_local(dataset)]
    if not named or len(places) < len(datasets) or any(_source(modality_of(one)).has_columns(one) for one in places):
        return
    option, name = named[0]
    raise TaskError(
        f"'{option} {name}' names a column of a table (got {some([str(place) for place in places])}, without columns). "
        "Leave the option out, or give a table."
    )


def read_local_card(place: Path, domain: str | None = None) -> DatasetCard:
    """Return the card of a folder or file.

    Raises:
        ZoographError: if it is no dataset.
    """
    return _source(modality_of(place)).read_card(place, domain)


def identify_local(names: NameIndex, place: Path, name: str) -> LocalIdentity:
    """Return which dataset of a store a folder or file is, see :func:`zoograph.data.tasks.identity.identify`."""
    return identify(names, place, name, _source(modality_of(place)).folder_digest(place))


def _source(modality: Modality) -> Source:
    return cast(Source, import_module(f"zoograph.data.{_SOURCES[modality]}.sources"))
