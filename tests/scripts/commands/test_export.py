"""``export`` from the outside."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.records.collection import Collection
from zoograph.scripts.commands.export import export

Command = Callable[..., Any]


@pytest.fixture(autouse=True)
def _small_zoo(toy_zoo: Collection) -> None:
    """The command starts from the small zoo."""


@pytest.mark.parametrize("name", ["runs.csv", "runs.parquet"])
def test_every_run_is_written(run_command: Command, tmp_path: Path, name: str) -> None:
    ran = run_command(export, str(tmp_path / name))
    assert ran == (0, f"3 runs are in {tmp_path / name}.\n", "")
    answer = json.loads(run_command(export, "--out", str(tmp_path / name), "--json").out)
    assert answer == {"schema": 1, "runs": 3, "file": str(tmp_path / name), "notes": []}


@pytest.mark.parametrize("name", ["runs.xlsx", "nowhere/runs.csv"])
def test_a_place_that_cannot_be_written_is_exit_code_2(run_command: Command, tmp_path: Path, name: str) -> None:
    ran = run_command(export, "--out", str(tmp_path / name))
    assert (ran.code, ran.out) == (2, "")
    assert "Choose another" in ran.err


@pytest.mark.parametrize("arguments", [(), ("a.csv", "--out", "b.csv")])
def test_one_file_is_needed(run_command: Command, arguments: tuple[str, ...]) -> None:
    ran = run_command(export, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "give one file" in ran.err
