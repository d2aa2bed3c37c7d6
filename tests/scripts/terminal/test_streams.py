"""Streams that are full, closed or left: the command ends with a sentence and its code, and writes nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zoograph.scripts.terminal.streams import Outlet

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")


def shell(line: str) -> Any:
    """Run a line in which ZOOGRAPH is the program."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.replace("ZOOGRAPH", f"{sys.executable} -m zoograph")],
        capture_output=True,
        text=True,
        check=False,
    )


@needs_full
@pytest.mark.parametrize("arguments", ["status", "status --json", "--version", "--help"])
def test_a_full_stdout_is_an_error_in_a_sentence(toy_store: object, arguments: str) -> None:
    done = shell(f"ZOOGRAPH {arguments} > /dev/full")
    line = "Error: What was to be said cannot be written to stdout (No space left on device).\n"
    assert (done.returncode, done.stderr) == (2, line)


def test_a_closed_stdout_is_an_error_too(toy_store: object, home: Path) -> None:
    done = shell("ZOOGRAPH status >&-")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: What was to be said cannot be written to stdout (")
    assert (home / "zoograph.db").read_bytes().startswith(b"SQLite format 3")


def test_a_reader_that_goes_away_is_no_fault(toy_store: object) -> None:
    done = shell("ZOOGRAPH status --json | true")
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("stderr", ["&-", pytest.param("/dev/full", marks=needs_full)])
def test_an_error_that_cannot_be_said_keeps_its_code_and_stays_out_of_stdout(toy_store: object, stderr: str) -> None:
    done = shell(f"ZOOGRAPH status --nothing 2>{stderr}")
    assert (done.returncode, done.stdout) == (2, "")


def test_an_outlet_notes_what_is_lost(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    handle = os.open(tmp_path / "file", os.O_RDONLY)
    with Outlet(handle, "w") as outlet:
        assert outlet.write(b"four") == 4
        assert outlet.lost == "Bad file descriptor"


def test_streams_of_others_are_left_alone(run_predict: Callable[..., Any]) -> None:
    before = sys.stdout, sys.stderr
    assert run_predict("--version").code == 0
    assert (sys.stdout, sys.stderr) == before
