"""Freed memory is used again, in a process that asks for that, and in those that it starts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_HAS_GLIBC = "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", {})
pytestmark = pytest.mark.skipif(not _HAS_GLIBC, reason="only glibc is told how to allocate")

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


def test_a_block_that_was_freed_is_not_asked_for_again() -> None:
    (before,) = _faults("as it is")
    own, child = _faults("keep")
    assert before > 20 * _PAGES
    assert own < _PAGES
    assert child < _PAGES


def test_what_the_environment_says_is_left_as_it_is() -> None:
    own, child = _faults("keep", MALLOC_ARENA_MAX="2")
    assert min(own, child) > 20 * _PAGES
