"""Memory of the server: freed blocks are the system's again."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from zoograph.scripts.serving.memory import give_back_freed_pages, give_back_large_blocks

HOLD = """
import sys, threading
from pathlib import Path
import numpy as np
from zoograph.scripts.serving.memory import give_back_freed_pages, give_back_large_blocks
if sys.argv[1] == "set":
    assert give_back_large_blocks()
np.ones(31 << 17)  # a block of 31 MiB is freed
kept = []
def work():
    blocks = []
    for _ in range(40):
        blocks.append(np.ones(4 << 17))
        kept.append(np.ones(1_000))  # what stays lies behind what goes
    del blocks
for _ in range(2):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
if sys.argv[1] == "trimmed":
    give_back_freed_pages()
held = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
print(int(held.split()[1]) // 1024)
"""


def _held(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", HOLD, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not give_back_large_blocks() or sys.platform != "linux", reason="the C library is not glibc")
def test_what_a_thread_freed_goes_back() -> None:
    as_it_is = _held("as it is")
    assert _held("set") < as_it_is - 100
    assert _held("trimmed") < as_it_is - 100


def test_other_libraries_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not give_back_large_blocks()
    give_back_freed_pages()  # nothing happens
