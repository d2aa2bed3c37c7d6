"""Atomic writes: whoever reads meanwhile sees the old file or the new one, and a crash leaves one of the two."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PUBLIC, PRIVATE = 0o644, 0o600


def replace_file(path: Path, content: str | bytes, *, mode: int = PUBLIC) -> None:
    """Put text (as UTF-8) or bytes at ``path`` in one step; if it fails, what was there is left as it was.

    Args:
        path: in a folder that is there.
        content: all of it.
        mode: permissions of the file.

    Raises:
        OSError: if the file cannot be written.
    """
    with replacing(path, mode=mode) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def replacing(path: Path, *, mode: int = PUBLIC) -> Iterator[Path]:
    """Yield an empty file beside ``path``, to be written and closed, that takes its place unless the block raises.

    Args:
        path: in a folder that is there.
        mode: permissions of the file.

    Raises:
        OSError: if the file cannot be made, brought to the disk, or put in its place.
    """
    temporary = make_beside(path)
    try:
        yield temporary
        put_in_place(temporary, path, mode=mode)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def make_beside(path: Path) -> Path:
    """Make an empty file of another name in the folder of ``path``, which nobody else can read, for `put_in_place`."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    return Path(name)


def put_in_place(temporary: Path, path: Path, *, mode: int = PUBLIC) -> None:
    """Bring a file to the disk, then let it take the place of ``path`` in one step."""
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.chmod(mode)
    temporary.replace(path)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on disk: for a folder of files that is put in its place as a whole."""
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
