"""Image loading: the pictures of a task, decoded and transformed by worker processes, in the order of its rows."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import chain
from typing import Any

import torch
from numpy.typing import NDArray
from PIL.Image import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, get_worker_info

from zoograph.data.images.reading.unreadable import Unreadable
from zoograph.data.images.task import ImageTask

Transform = Callable[[Image], Tensor]
_FEWEST_IMAGES = 256  # below these, starting workers takes longer than they save
_MOST_WORKERS = 8
_CHUNK = 16  # images that a worker hands over at a time
_WATCHED_EVERY = 1.0  # seconds
_alone: ContextVar[bool] = ContextVar("zoograph_decode_alone", default=False)


@contextmanager
def no_processes_beside() -> Iterator[None]:
    """Decode in this process alone as long as the block lasts: the others of this machine have work of their own."""
    token = _alone.set(True)
    try:
        yield
    finally:
        _alone.reset(token)


def load_pictures(
    task: ImageTask, transform: Transform, num_workers: int | None = None, rows: Sequence[int] | None = None
) -> Iterator[Tensor | Unreadable]:
    """Yield the transformed picture of each row, in order; for one that cannot be read, what is wrong with it.

    What an image or a transform raises is raised here, as it would be without workers.

    Args:
        task: its images are opened by the workers, each by one of them.
        transform: takes an RGB picture and returns a float32 tensor.
        num_workers: processes beside this one, 0 for none; default :func:`default_workers`.
        rows: of the pictures, in the order that they are wanted in; default all.
    """
    pictures, wanted = _Pictures(task, transform), range(len(task)) if rows is None else rows
    workers = default_workers(len(wanted)) if num_workers is None else num_workers
    loader: DataLoader[list[Any]] = DataLoader(
        pictures,
        batch_size=_CHUNK,
        sampler=wanted,
        collate_fn=list,
        num_workers=workers,
        # Readers are closures, which a process that is not forked could not be given.
        multiprocessing_context="fork" if workers else None,
        generator=torch.Generator(),  # or else a draw of the global one would be spent
        worker_init_fn=_end_with_parent,
    )
    for row, seen in zip(wanted, chain.from_iterable(loader), strict=True):
        if isinstance(seen, _Raised):
            seen = pictures.see(row)  # raises it here, with the type and the message that it has
        yield seen if isinstance(seen, Unreadable) else torch.from_numpy(seen)


def look_at_all(task: ImageTask, num_workers: int | None = None) -> tuple[dict[int, Unreadable], int]:
    """Decode every image.

    Returns:
        All rows whose image cannot be read, in order, with what is wrong; and how many of the others look different.
    """
    seen = list(load_pictures(task, _fingerprint, num_workers))
    unreadable = {row: found for row, found in enumerate(seen) if isinstance(found, Unreadable)}
    return unreadable, len({int(found) for found in seen if not isinstance(found, Unreadable)})


def _fingerprint(picture: Image) -> Tensor:
    return torch.tensor(zlib.crc32(picture.resize((32, 32)).tobytes()))


def default_workers(num_images: int) -> int:
    """Return how many processes decode ``num_images``: one a core, at most eight, and none if it does not pay."""
    if _alone.get():
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    can_fork = "fork" in multiprocessing.get_all_start_methods() and not multiprocessing.current_process().daemon
    return min(cores, _MOST_WORKERS) if can_fork and cores > 1 and num_images >= _FEWEST_IMAGES else 0


def _end_with_parent(_: int) -> None:
    """Let this worker end when the process that began it has ended, even if that one was killed.

    By itself it would first wait until what it has handed over is taken, for ever.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch(pid: int | None = parent.pid) -> None:
        while os.getppid() == pid:
            time.sleep(_WATCHED_EVERY)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class _Raised:
    """Says that a worker could not see an image because something was raised."""


class _Pictures(Dataset[Any]):
    """Images as arrays, because tensors between processes need shared memory, of which containers have little."""

    def __init__(self, task: ImageTask, transform: Transform) -> None:
        self._task, self._transform = task, transform

    def __len__(self) -> int:
        return len(self._task)

    def __getitem__(self, row: int) -> NDArray[Any] | _Raised | Unreadable:
        try:
            return self.see(row)
        except Exception:
            if get_worker_info() is None:
                raise
            return _Raised()

    def see(self, row: int) -> NDArray[Any] | Unreadable:
        """Return one transformed picture; or what is wrong with it."""
        picture = self._task.decode(row)
        return picture if isinstance(picture, Unreadable) else self._transform(picture).numpy()
