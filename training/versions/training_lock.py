"""One training of a predictor at a time: whoever comes second waits, and then looks at what the first one left."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from zoograph.data.home import get_home

_log = logging.getLogger(__name__)


@contextmanager
def training_alone(root: Path) -> Iterator[None]:
    """Wait until no other process trains the predictor under ``root``, and keep others waiting meanwhile.

    The lock ends with its process, however that ends. Where a file system has no locks, nobody waits: two versions
    are trained then, and the one that comes late is kept aside.
    """
    place = hashlib.sha256(str(root.absolute()).encode()).hexdigest()[:12]
    path = get_home() / "cache" / "locks" / f"{root.name}-{place}.lock"
    lock = FileLock(path, timeout=0)
    with suppress(OSError, NotImplementedError):  # what cannot be locked or written is found out where it is saved
        path.parent.mkdir(parents=True, exist_ok=True)
        _acquire(lock, root)
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: BaseFileLock, root: Path) -> None:
    try:
        lock.acquire()
    except Timeout:
        _log.warning("Another process is training the predictor in '%s': waiting until it has ended.", root)
        lock.acquire(timeout=-1)
