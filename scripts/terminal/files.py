"""Files that commands write where they were told to: looked at before the work, and written whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from zoograph.data.errors import ZoographError
from zoograph.data.files.atomic import replace_file
from zoograph.data.files.outputs import require_no_input
from zoograph.data.home import own_files

_PICTURE = "--picture"
_OTHER_PICTURES = (".jpg", ".jpeg", ".gif", ".webp", ".svg", ".pdf", ".eps", ".html")


def require_place(path: Path, option: str, inputs: Iterable[Path] = ()) -> None:
    """Raise unless a file can be written to ``path``, before the work whose result it will hold.

    Args:
        path: the file.
        option: that chose it.
        inputs: files and folders that are read, which it must not replace; what is not there is none.

    Raises:
        ZoographError: if its folder is not there or not writable, if it is a folder or a device itself, if it is read,
            or if it is a picture with the ending of another format.
    """
    require_no_input(path, (*own_files(), *inputs), option)
    if option == _PICTURE and path.suffix.lower() in _OTHER_PICTURES:
        raise ZoographError(f"A picture is a PNG file (got '{path}'). Let its name end with '.png' in {option}.")
    if _is_device(path):
        raise _cannot_write(path, "it would be replaced, and is no regular file", option)
    folder = path.parent
    if path.is_dir():
        reason = errno.EISDIR
    elif not folder.is_dir():
        reason = errno.ENOENT
    elif not os.access(folder, os.W_OK):
        reason = errno.EACCES
    else:
        return
    raise _cannot_write(path, os.strerror(reason), option)


def _is_device(path: Path) -> bool:
    """Return whether something like `/dev/stdout` is there: a device, a pipe, or a link among the devices."""
    if not path.exists() or path.is_dir():
        return False
    return not path.is_file() or (path.is_symlink() and path.absolute().is_relative_to("/dev"))


def write_file(path: Path, content: bytes | str, option: str = "--out") -> None:
    """Write a file whole or not at all.

    Args:
        path: the file; its folder must be there.
        content: of it.
        option: that chose the file.

    Raises:
        ZoographError: if it cannot be written.
    """
    try:
        replace_file(path, content)
    except OSError as error:
        raise _cannot_write(path, error.strerror or str(error), option) from error


def make_folder(folder: Path) -> None:
    """Make a folder if it is not there.

    Raises:
        ZoographError: if it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(folder, error.strerror or str(error), "--out") from error


def write_into(folder: Path, files: Mapping[str, bytes | str]) -> None:
    """Write files, by name, into a folder that is made if it is not there.

    Raises:
        ZoographError: if the folder cannot be made or written to.
    """
    make_folder(folder)
    for name, content in files.items():
        write_file(folder / name, content)


def _cannot_write(path: Path, reason: str, option: str) -> ZoographError:
    return ZoographError(f"'{path}' cannot be written ({reason}). Choose another place with {option}.")
