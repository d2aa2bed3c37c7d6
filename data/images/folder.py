"""Folders of images with one sub-folder for each class, with or without splits; no image is opened."""

from __future__ import annotations

import logging
import os
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from zoograph.data.errors import ImageFolderError
from zoograph.data.files.counts import count_of, some
from zoograph.data.images.listing import Tree, image_suffixes, list_tree
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.fields import say_fault
from zoograph.data.tasks.splits import Joined, Split, join_splits, split_named
from zoograph.data.text.printable import as_seen, is_plain, show
from zoograph.data.text.words import readable

__all__ = ["ImageFolder", "dataset_card_from_folder", "image_suffixes"]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImageFolder:
    """The labelled images of a folder.

    Attributes:
        root: the folder.
        classes: names of the class folders, sorted.
        files: of each image, its path in the folder and its place in ``classes``; ordered by split, class and path.
        is_test: which images are in the folder's own test split; None if it has none.
        is_validation: which are in the split to choose by; None if there is none.
        warnings: what was left out of its splits, in sentences.
        splits: name of a split -> its images; empty if there are none.
    """

    root: Path
    classes: tuple[str, ...]
    files: tuple[tuple[str, int], ...]
    is_test: tuple[bool, ...] | None = None
    is_validation: tuple[bool, ...] | None = None
    warnings: tuple[str, ...] = ()
    splits: tuple[tuple[str, int], ...] = ()


def read_folder(path: str | os.PathLike[str]) -> ImageFolder:
    """Return the labelled images of a folder, in the order of the names of their classes.

    Its sub-folders are the classes, and the images in them at any depth are theirs, as torchvision reads them; or else
    its sub-folders are splits, by their names, and the sub-folders of these the classes. What is an image and which
    links are followed is said by :func:`zoograph.data.images.listing.list_tree`. What is left out is warned of.

    Raises:
        ImageFolderError: if it is missing or a file, holds no sub-folders with images, or if fewer than two classes do.
    """
    tree = list_tree(path)
    where = str(tree.root)
    splits = _find_splits(where, tree)
    found = _read_classes(where, tree) if splits is None else _read_splits(where, tree, splits)
    if left_out := tree.left_out.describe():
        _log.warning("Left out of '%s': %s.", where, "; ".join(left_out))
    return found


def dataset_card_from_folder(
    path: str | os.PathLike[str], domain: str | None = None, id: str | None = None
) -> DatasetCard:
    """Return the card of a folder of images.

    Args:
        path: the folder.
        domain: kind of images, such as ``sketch``.
        id: default: the folder's name.

    Raises:
        ImageFolderError: if the folder is no classification dataset; see :func:`read_folder`.
    """
    return card_of(read_folder(path), domain, id)


def card_of(folder: ImageFolder, domain: str | None = None, id: str | None = None) -> DatasetCard:
    """Return the card of a folder that was read.

    Raises:
        ImageFolderError: if the names of folder or classes cannot be those of a card.
    """
    own = id or folder.root.resolve().name
    for what, shown in (("folder", own), *(("class", label) for label in folder.classes)):
        if not is_plain(shown):
            raise ImageFolderError(
                f"The name of a {what} must be one that a terminal can show (got '{show(shown)}' in "
                f"'{show(str(folder.root))}'). Rename it."
            )
    labels: dict[str, tuple[str, str]] = {}
    for name in folder.classes:
        label = unicodedata.normalize("NFC", readable(name))
        seen = as_seen(label)
        if seen in labels:
            raise ImageFolderError(
                f"The classes of '{folder.root}' must have distinct names (got '{labels[seen][1]}' and '{name}', "
                f"both read as '{label}'). Rename or join them."
            )
        labels[seen] = label, name
    try:
        return DatasetCard(
            id=own,
            source="image folder",
            domain=domain,
            labels=tuple(label for label, _ in labels.values()),
            num_classes=len(labels),
            num_samples=len(folder.files),
            samples_per_class=len(folder.files) / len(labels),
            splits=dict(folder.splits),
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise ImageFolderError(
            f"The folder {str(folder.root)!r} must give a valid card (got '{'.'.join(map(str, first['loc']))}', "
            f"and {say_fault(first)}). Rename the folder, or pass another id."
        ) from error


def _read_classes(path: str, tree: Tree) -> ImageFolder:
    if not tree.files:
        raise ImageFolderError(_no_classes(path, tree))
    if tree.loose:
        _log.warning("%s in '%s' belong to no class and are left out.", count_of(len(tree.loose), "image"), path)
    classes = tuple(name for name, files in tree.files.items() if files)
    empty = [name for name, files in tree.files.items() if not files]
    if len(classes) < 2:
        raise ImageFolderError(_too_few(path, tree, classes, empty))
    if empty:
        _log.warning("Classes without images in '%s' are left out: %s.", path, some(empty))
    inner = {file.partition("/")[0] for files in tree.files.values() for file in files if "/" in file}
    if divided := sorted(name for name in inner if split_named(name)):
        _log.warning(
            "Folders inside the classes of '%s' are called %s: their images are read together.", path, some(divided)
        )
    files = tuple((f"{name}/{file}", label) for label, name in enumerate(classes) for file in tree.files[name])
    return ImageFolder(tree.root, classes, files)


def _no_classes(path: str, tree: Tree) -> str:
    left_out = tree.left_out.describe()
    got = f"{count_of(len(tree.loose), 'image')} beside each other" if tree.loose else "no sub-folders"
    if left_out:
        got = f"{got if tree.loose else 'none'}, and left out: {'; '.join(left_out)}"
    hint = "Move the images of each class into a sub-folder named after it."
    if tree.left_out.outside and not tree.loose:
        hint = "Give --follow-links if you trust where the links lead."
    return f"The folder '{path}' must hold one sub-folder of images for each class (got {got}). {hint}"


def _too_few(path: str, tree: Tree, classes: tuple[str, ...], empty: list[str]) -> str:
    left_out = "".join(f"; {what}" for what in tree.left_out.describe())
    if not classes:
        return (
            f"The sub-folders of '{path}' must hold images (got none in {some(empty)}{left_out}). "
            "Check the path and the file types."
        )
    but = f"; no images in {some(empty)}" if empty else ""
    inner = {file.partition("/")[0] for file in tree.files[classes[0]] if "/" in file}
    hint = "Add the images of another class."
    if len(inner) > 1:
        hint = (
            f"If the classes are the {len(inner):,} folders in '{Path(path) / classes[0]}', give that folder instead."
        )
    got = f"only '{classes[0]}'{but}{left_out}"
    return f"The dataset '{path}' must have at least two classes with images (got {got}). {hint}"


def _find_splits(path: str, tree: Tree) -> dict[Split, str] | None:
    """Return the folders of the splits; None if the sub-folders are classes.

    They are splits if one is called like a training split and holds folders with images, and if another one is called
    like a split or none else holds images.

    Raises:
        ImageFolderError: if they are called like splits, and cannot be read as such or as classes.
    """
    filled = {name: split_named(name) for name, files in tree.files.items() if files}
    named = [(split, name) for name, split in filled.items() if split is not None]
    train = [name for split, name in named if split is Split.TRAIN and any("/" in file for file in tree.files[name])]
    if train and (len(named) > 1 or len(filled) == 1):
        twice = [split for split, number in Counter(split for split, _ in named).items() if number > 1]
        if twice:
            got = some([name for split, name in named if split in twice])
            raise ImageFolderError(
                f"The folder '{path}' must hold one folder of each split (got {got}). Join them, or move one away."
            )
        return dict(named)
    if len(named) > 1 and len(named) == len(filled):
        raise ImageFolderError(
            f"The splits of '{path}' must hold one sub-folder of images for each class, and one of them must be to "
            f"train on (got {some([name for _, name in named])}). Move the images of each class into a sub-folder of "
            "its split, such as 'train/cat'."
        )
    return None


def _read_splits(path: str, tree: Tree, splits: dict[Split, str]) -> ImageFolder:
    images = {split: [f"{name}/{file}" for file in tree.files[name]] for split, name in splits.items()}
    labels = {split: [_class_in_split(file) for file in files] for split, files in images.items()}
    classes = tuple(sorted({name for name in labels[Split.TRAIN] if name is not None}))
    if len(classes) < 2:
        raise ImageFolderError(
            f"The training split of '{path}' must have at least two classes with images (got {some(list(classes))}). "
            "Add the images of another class."
        )
    joined = join_splits(path, classes, labels)
    others = [name for name, files in tree.files.items() if files and name not in splits.values()]
    warnings = [
        *([f"Folders beside the splits of '{path}' are left out: {some(others)}."] if others else []),
        *joined.warnings,
    ]
    if tree.loose:
        warnings.append(f"{count_of(len(tree.loose), 'image')} beside the splits of '{path}' are left out.")
    _log.warning("The folders %s of '%s' are read as its splits.", some(list(splits.values())), path)
    for warning in warnings:
        _log.warning("%s", warning)
    rows = sorted(joined.rows, key=lambda row: (list(Split).index(row[0]), row[2], row[1]))
    ordered = Joined(tuple(rows), joined.test, joined.validation, joined.warnings)
    sizes = Counter(split.value for split, _, _ in rows)
    return ImageFolder(
        tree.root,
        classes,
        tuple((images[split][row], label) for split, row, label in rows),
        ordered.mask(ordered.test),
        ordered.mask(ordered.validation),
        joined.warnings,
        tuple(sizes.items()),
    )


def _class_in_split(file: str) -> str | None:
    """Return the folder of an image in the folder of its split; None if it lies beside those folders."""
    parts = file.split("/", 2)
    return parts[1] if len(parts) == 3 else None
