"""Folders of images that the operator lets clients ask about, by names that are looked up and never opened."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from zoograph.data.errors import ImageFolderError, UnknownName, ZoographError
from zoograph.data.records.cards import DatasetCard
from zoograph.data.store.store import RecordStore
from zoograph.training.answers.question import STORED, find_datasets

_MOST = 1_000
_log = logging.getLogger("zoograph.serve")


def list_folders(roots: Mapping[str, Path]) -> dict[str, Path]:
    """Return the sub-folders of the roots by the names that clients see: root, slash, sub-folder.

    A link is no sub-folder, so that none leads out of its root. A root that cannot be read now has none.
    """
    found: dict[str, Path] = {}
    for name, root in roots.items():
        try:
            with os.scandir(root) as entries:
                inside = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        except OSError as error:
            _log.warning("The folder '%s' of --images cannot be read (%s).", root, error.strerror or error)
            continue
        found |= {f"{name}/{inner}": root / inner for inner in inside if not inner.startswith(".")}
    return dict(list(found.items())[:_MOST])


def find_folder(store: RecordStore, roots: Mapping[str, Path], name: str) -> str | DatasetCard:
    """Return the dataset that a folder is: the store's, if it knows the images, or else a card of what is in it.

    Raises:
        UnknownName: if no folder is listed under the name.
        ZoographError: if the folder is no dataset.
    """
    folders = list_folders(roots)
    if name not in folders:
        raise UnknownName("folder", name, sorted(folders)[:5])
    try:
        (id,), cards = find_datasets(store.names(), str(folders[name]))
    except ZoographError as error:
        raise ImageFolderError(str(error).replace(str(folders[name]), name)) from error
    return cards[0].model_copy(update={"id": name}) if cards else STORED + id
