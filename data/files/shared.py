"""Files of tensors that several machines share: computed by one of them, and read by the others.

The folder is an address of fsspec, such as ``/mnt/team/features`` or ``s3://bucket/features``. The name of a file is
the hash of all that its content follows from, so nobody ever has to change one.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoograph.data.errors import ZoographError
from zoograph.data.files.atomic import PRIVATE, replacing
from zoograph.data.files.kept import Facts, keep_tensors

if TYPE_CHECKING:
    from torch import Tensor

SHARED_VARIABLE = "ZOOGRAPH_FEATURES"
_log = logging.getLogger(__name__)


def keep_shared(
    path: Path, compute: Callable[[], tuple[Mapping[str, Tensor], Mapping[str, Any]]]
) -> tuple[dict[str, Tensor], Facts]:
    """Return the tensors and the description of a file: this machine's, else the shared one, else computed and shared.

    A shared folder that cannot be read or written is warned of, and passed over.

    Args:
        path: on this machine; shared under its name in the folder of ``$ZOOGRAPH_FEATURES``, if that is set.
        compute: as of :func:`zoograph.data.files.kept.keep_tensors`.

    Raises:
        ZoographError: if nothing is known that opens the address.
        OSError: if the file on this machine cannot be read.
    """
    address = os.environ.get(SHARED_VARIABLE)
    if not address:
        return keep_tensors(path, compute)
    files, folder = _open(address)
    place = f"{folder.rstrip('/')}/{path.name}"
    if not path.exists():
        _try(lambda: _fetch(files, place, path), f"'{address}' cannot be read")
    computed = False

    def compute_here() -> tuple[Mapping[str, Tensor], Mapping[str, Any]]:
        nonlocal computed
        computed = True
        return compute()

    found = keep_tensors(path, compute_here)
    if computed and path.exists():
        _try(lambda: _send(files, path, place), f"'{address}' cannot be written to")
    return found


def _open(address: str) -> tuple[Any, str]:
    """Return the file system and the folder of an address."""
    from fsspec.core import url_to_fs

    try:
        files, folder = url_to_fs(address)
    except (ImportError, ValueError) as error:
        reason = str(error).rstrip(".")
        raise ZoographError(
            f"{SHARED_VARIABLE} must be a folder or an address that fsspec opens (got '{address}': {reason}). "
            "Install what it needs, or unset it."
        ) from error
    return files, str(folder)


def _fetch(files: Any, place: str, path: Path) -> None:
    if files.exists(place):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, mode=PRIVATE) as temporary:
            files.get_file(place, str(temporary))


def _send(files: Any, path: Path, place: str) -> None:
    """Copy a file to where it is shared: whole, or not there."""
    files.makedirs(place.rpartition("/")[0], exist_ok=True)
    with files.transaction, path.open("rb") as content, files.open(place, "wb") as shared:
        shutil.copyfileobj(content, shared)


def _try(act: Callable[[], None], trouble: str) -> None:
    try:
        act()
    except Exception as error:  # noqa: BLE001 - each kind of storage has errors of its own
        _log.warning("The shared features of %s (%s): this machine goes on with its own.", trouble, error)
