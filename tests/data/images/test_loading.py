"""Pictures from worker processes: the same, in the same order, and with the same errors as without."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from zoograph.data.images import loading
from zoograph.data.images.loading import default_workers, load_pictures, look_at_all
from zoograph.data.images.reading.unreadable import Unreadable
from zoograph.data.images.task import ImageTask, ImageTaskError, make_task

# Python 3.12 and later warn of every fork in a process with threads.
pytestmark = [
    pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="workers are forked"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def _task(size: int = 50, corrupt: tuple[int, ...] = (), fails: tuple[int, ...] = ()) -> ImageTask:
    def read(row: int) -> bytes | Image.Image:
        if row in fails:
            raise ImageTaskError(f"no picture in row {row}")
        noise = np.random.default_rng(row).integers(0, 256, (5, 4, 3), dtype=np.uint8)
        return b"garbage" if row in corrupt else Image.fromarray(noise)

    return make_task("pets", "x", ["cat", "dog"], [f"{i}.png" for i in range(size)], [0, 1] * (size // 2), read)


def _transform(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.asarray(picture) / np.float32(255)).permute(2, 0, 1)


def test_workers_give_the_same_pictures_in_the_same_order() -> None:
    alone = list(load_pictures(_task(corrupt=(3, 17)), _transform, num_workers=0))
    together = list(load_pictures(_task(corrupt=(3, 17)), _transform, num_workers=2))
    assert len(alone) == len(together) == 50
    for row, (first, second) in enumerate(zip(alone, together, strict=True)):
        if row in (3, 17):
            assert first is second is Unreadable.WEB_PAGE
        else:
            assert first is not None
            assert second is not None
            assert first.dtype == second.dtype == torch.float32
            assert torch.equal(first, second)
    assert torch.equal(alone[7], torch.tensor(np.asarray(_task().picture(7)).transpose(2, 0, 1) / np.float32(255)))


@pytest.mark.parametrize("num_workers", [0, 2])
def test_some_rows_come_in_the_order_that_they_are_wanted_in(num_workers: int) -> None:
    rows = [30, 3, 41, 3, 0]
    everything = list(load_pictures(_task(), _transform, num_workers=0))
    some = list(load_pictures(_task(fails=(7,)), _transform, num_workers, rows))
    assert len(some) == 5
    for row, found in zip(rows, some, strict=True):
        assert found is not None
        assert torch.equal(found, everything[row])


def test_all_images_are_looked_at() -> None:
    task = _task(corrupt=(3, 17))
    assert look_at_all(task) == ({3: Unreadable.WEB_PAGE, 17: Unreadable.WEB_PAGE}, 48)
    white = make_task("x", "x", [], [""] * 4, [0, 1] * 2, lambda row: Image.new("RGB", (5 + row, 4), "white"))
    assert look_at_all(white, num_workers=2) == ({}, 1)


def test_workers_are_other_processes() -> None:
    seen = load_pictures(_task(), lambda picture: torch.tensor([os.getpid()]), num_workers=2)
    processes = {int(pid) for pid in seen if pid is not None}
    assert len(processes) == 2
    assert os.getpid() not in processes


_LOADS = """
import os, torch
from PIL import Image
from zoograph.data.images.loading import load_pictures
from zoograph.data.images.task import make_task

task = make_task("x", "x", [], [""] * 400, [0, 1] * 200, lambda row: Image.new("RGB", (4, 4)))
seen = load_pictures(task, lambda picture: torch.full((100_000,), float(os.getpid())), num_workers=2)
print(*{int(next(seen)[0]) for _ in range(32)}, flush=True)
import time; time.sleep(60)  # the workers have handed over more than a pipe holds
"""


def test_workers_end_when_their_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", _LOADS], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        workers = [int(pid) for pid in process.stdout.readline().split()]
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    end = time.monotonic() + 10
    while (left := [pid for pid in workers if _runs(pid)]) and time.monotonic() < end:
        time.sleep(0.1)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert (len(workers), left) == (2, [])


def _runs(pid: int) -> bool:
    """Return whether a process is there, and not only kept as a name that nobody asked for."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        os.kill(pid, 0)
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.parametrize("num_workers", [0, 2])
def test_an_error_keeps_its_type_and_message(num_workers: int) -> None:
    with pytest.raises(ImageTaskError, match=r"^no picture in row 20$"):
        list(load_pictures(_task(fails=(20,)), _transform, num_workers))

    def fail(picture: Image.Image) -> Tensor:
        raise KeyError("mean")

    with pytest.raises(KeyError, match=r"^'mean'$"):
        list(load_pictures(_task(), fail, num_workers))


@pytest.mark.parametrize("num_workers", [0, 2])
def test_no_draw_of_the_global_generator_is_spent(num_workers: int) -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    list(load_pictures(_task(), _transform, num_workers))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("cores", "num_images", "expected"), [(1, 10_000, 0), (2, 10_000, 2), (64, 10_000, 8), (4, 255, 0), (4, 256, 4)]
)
def test_as_many_workers_as_pay(monkeypatch: pytest.MonkeyPatch, cores: int, num_images: int, expected: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert default_workers(num_images) == expected


def test_no_workers_where_none_can_be_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Daemon:
        daemon = True

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    with monkeypatch.context() as patch:
        patch.setattr(loading.multiprocessing, "current_process", Daemon)
        assert default_workers(1000) == 0
    monkeypatch.setattr(loading.multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    assert default_workers(1000) == 0
