"""Small pieces of work for executors: they count, wait, fail once, fail always, or end their process."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from zoograph.data.errors import UnknownName


def add_up(numbers: list[float], progress: Any = None) -> float:
    """Return the sum."""
    return sum(numbers)


def multiply_at_random(seed: int, progress: Any = None) -> tuple[list[float], int]:
    """Return numbers whose last bits depend on how many threads add them up, and how many threads there were."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    left, right = (torch.randn(256, 256, generator=generator) for _ in range(2))
    return (left @ right @ left).sum(0).tolist(), torch.get_num_threads()


def end_the_process_once(mark: str, progress: Any = None) -> int:
    """Be killed, as by a system that is out of memory; the second time return the number of this process."""
    place = Path(mark)
    if not place.exists():
        place.write_text(str(os.getpid()), encoding="utf-8")
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def wait_for(seconds_and_mark: tuple[float, str], progress: Any = None) -> int:
    """Leave a mark with the number of this process, and wait if it is the first that does; return the number."""
    seconds, mark = seconds_and_mark
    place = Path(mark)
    if not place.exists():
        place.write_text(str(os.getpid()), encoding="utf-8")
        time.sleep(seconds)
    return os.getpid()


def fail(kind: str, progress: Any = None) -> None:
    """Raise an error of that kind.

    Raises:
        UnknownName: for ``wrong``.
        OSError: for ``full``, as a disk that is full does.
        ConnectionError: for ``passing``.
        KeyError: for anything else.
    """
    if kind == "wrong":
        raise UnknownName("model", "resnet", ["resnet18"])
    if kind == "full":
        raise OSError(28, "No space left on device")
    raise ConnectionError("no answer") if kind == "passing" else KeyError(kind)
