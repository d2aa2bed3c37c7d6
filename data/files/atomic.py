"""Atomic writes: whoever reads meanwhile sees the old file or the new one, and a crash leaves one of the two.

What a killed process left is removed by a later one: whoever writes holds a lock, which ends with the process.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows, where an open file cannot be removed anyhow
    fcntl = None  # type: ignore[assignment]

PUBLIC, PRIVATE = 0o644, 0o600
_UNFINISHED = ".zoograph-part"  # nobody else calls a file so
_LONGEST = 50  # letters of a name, so that the longest that a folder takes leaves room for what is added
_locks: dict[Path, int] = {}


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
        discard(temporary)
        raise


def make_beside(path: Path) -> Path:
    """Make an empty file of another name in the folder of ``path``, which nobody else can read.

    It is for :func:`put_in_place` or :func:`discard`. What killed processes left in that folder is removed.
    """
    sweep(path.parent)
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:_LONGEST]}.", suffix=_UNFINISHED)
        _lock(handle)
        if os.fstat(handle).st_nlink:  # else it was swept before it was locked
            temporary = Path(name)
            _locks[temporary] = handle
            return temporary
        os.close(handle)


def put_in_place(temporary: Path, path: Path, *, mode: int = PUBLIC) -> None:
    """Bring a file to the disk, then let it take the place of ``path`` in one step."""
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.chmod(mode)
    _release(temporary)
    temporary.replace(path)


def discard(temporary: Path) -> None:
    """Remove a file that takes no place."""
    _release(temporary)
    temporary.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what writers that were killed left in a folder; what is being written stays.

    Args:
        folder: that may be missing, and need not be writable.
    """
    with suppress(OSError):
        for entry in list(os.scandir(folder)):
            if entry.name.endswith(_UNFINISHED) and entry.is_file(follow_symlinks=False):
                _remove_if_left(Path(entry.path))


def _remove_if_left(path: Path) -> None:
    with suppress(OSError):
        handle = os.open(path, os.O_RDWR)
        try:
            if _lock(handle, wait=False):
                path.unlink()
        finally:
            os.close(handle)


def _lock(handle: int, wait: bool = True) -> bool:
    """Return whether an open file was locked, which not every system can."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _release(temporary: Path) -> None:
    handle = _locks.pop(temporary, None)
    if handle is not None:
        os.close(handle)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on disk: for a folder of files that is put in its place as a whole."""
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
