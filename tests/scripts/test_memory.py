"""Freed memory is used again by commands and what they start, and a server gives it back."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

from zoograph.scripts.memory import give_back_freed_pages, give_back_large_blocks

_HAS_GLIBC = "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", {})
_needs_glibc = pytest.mark.skipif(not _HAS_GLIBC, reason="only glibc is told how to allocate")

_USE = """
import resource, subprocess, sys
if sys.argv[1] == "keep":
    from zoograph.scripts.memory import keep_freed_memory
    keep_freed_memory()
size = 64_000_000
b"x" * size
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    b"x" * size
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(faults)
if sys.argv[1] == "keep":
    print(subprocess.run([sys.executable, "-c", sys.argv[2], "as it is", ""], capture_output=True, text=True).stdout)
"""
_PAGES = 64_000_000 // 65_536  # at the least, of one block


def _faults(mode: str, **variables: str) -> list[int]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    command = [sys.executable, "-c", _USE, mode, _USE]
    found = subprocess.run(command, capture_output=True, text=True, check=True, env={**own, **variables})
    return [int(word) for word in found.stdout.split()]


@_needs_glibc
def test_a_block_that_was_freed_is_not_asked_for_again() -> None:
    (before,) = _faults("as it is")
    own, child = _faults("keep")
    assert before > 20 * _PAGES
    assert own < _PAGES
    assert child < _PAGES


@_needs_glibc
def test_what_the_environment_says_is_left_as_it_is() -> None:
    own, child = _faults("keep", MALLOC_ARENA_MAX="2")
    assert min(own, child) > 20 * _PAGES


HOLD = """
import sys, threading
from pathlib import Path
import numpy as np
from zoograph.scripts.memory import give_back_freed_pages, give_back_large_blocks
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
