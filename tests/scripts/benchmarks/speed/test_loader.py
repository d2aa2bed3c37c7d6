"""The benchmark of the loader, on a small folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zoograph.scripts.benchmarks.speed.loader import loader


def test_decoding_the_network_and_both_are_timed(
    animals: Path, tmp_path: Path, run_command: Callable[..., Any], home: Path
) -> None:
    given = ("--dataset", str(animals), "--networks", "test_resnet", "--workers", "0,2", "--device", "cpu")
    ran = run_command(loader, *given, "--json", "--out", str(tmp_path / "out"))
    assert ran.code == 0
    found = json.loads(ran.out)
    assert (found["dataset"], found["images"], found["device"]) == ("animals", 30, "cpu")
    parts = [(row["network"], row["part"], row["workers"]) for row in found["rows"]]
    decoded = [("test_resnet", "decode", 0), ("test_resnet", "decode", 2)]
    assert parts == [*decoded, ("test_resnet", "network", None), ("test_resnet", "together", 0)]
    assert all(row["images_per_second"] > 0 and row["cpu_milliseconds_per_image"] > 0 for row in found["rows"])
    assert json.loads((tmp_path / "out" / "loader.json").read_text())["rows"] == found["rows"]
    assert not list(home.glob("cache/**/*.safetensors"))
    printed = " ".join(run_command(loader, *given).out.split())
    assert "network alone" in printed
    assert "ms of a core to be decoded for test_resnet" in printed


def test_a_number_of_workers_that_is_none(animals: Path, run_command: Callable[..., Any]) -> None:
    ran = run_command(loader, "--dataset", str(animals), "--workers", "0,many")
    assert ran.code == 2
    assert "must be numbers with commas between them" in " ".join(ran.err.split())
