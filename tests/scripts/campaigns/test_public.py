"""``zoo measure public`` from the outside: plan, runs in one file, taken up again, and what cannot be had."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zoograph.data.collections.public.mieb_tasks import read_mieb_tasks
from zoograph.data.networks.registry.timm_names import published_weights
from zoograph.scripts.campaigns import public as module
from zoograph.scripts.campaigns.public import public

Command = Callable[..., Any]


@pytest.fixture(autouse=True)
def _known_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine is not measured."""
    monkeypatch.setattr(module, "machine_speeds", dict)


@pytest.fixture
def pets(tmp_path: Path) -> str:
    """A folder that has the dataset `pets`."""
    for split in ("train", "test"):
        for shade, name in enumerate(("cat", "dog")):
            folder = tmp_path / "data" / "pets" / split / name
            folder.mkdir(parents=True)
            for row in range(5):
                noise = np.random.default_rng([shade, row]).integers(0, 100, (8, 8, 3), dtype=np.uint8)
                noise[..., shade] += 60
                Image.fromarray(noise).save(folder / f"{row}.png")
    return str(tmp_path / "data")


def test_all_pairs_are_planned_without_the_hub(shipped_home: Path, run_command: Command) -> None:
    ran = run_command(public, "--models", "timm:*", "--plan", "--executor", "processes", "--processes", "8", "--json")
    assert ran.code == 0, ran.err
    plan = json.loads(ran.out)["plan"]
    assert plan["pieces"] == len(published_weights()) * len(read_mieb_tasks())
    assert plan["pieces"] > 1600 * 21
    assert (plan["done"], plan["slots"]) == (0, 8)
    assert plan["weight_bytes"] > 100e9


def test_runs_are_in_one_file_and_a_second_call_measures_nothing(
    shipped_home: Path, pets: str, tmp_path: Path, run_command: Command
) -> None:
    out = tmp_path / "runs.csv"
    call = (
        public,
        "--models",
        "test_vit.r160_in1k,timm:test_resnet.*",
        "--datasets",
        "pets,dtd",
        "--weights",
        "random",
    )
    ran = run_command(*call, "--data", pets, "--out", str(out))
    assert ran.code == 1, ran.err  # there is no folder of dtd
    assert "cannot be done as it was asked" in ran.out
    assert "Failed: test_vit.r160_in1k on dtd: " in ran.err
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["dataset"], row["protocol"], row["shots"], row["repeats"]) for row in rows] == [
        ("pets", "probe", "16", "5")
    ] * 2
    again = run_command(*call, "--data", pets, "--out", str(out), "--json")
    said = json.loads(again.out)
    assert (said["plan"]["done"], said["runs"], len(said["failures"])) == (2, 2, 2)
    assert {one["task"] for one in said["failures"]} == {
        "test_vit.r160_in1k on dtd",
        "test_resnet.r160_in1k on dtd",
    }


def test_what_is_asked_wrongly(shipped_home: Path, run_command: Command, tmp_path: Path) -> None:
    ran = run_command(public, "--models", "timm:*", "--datasets", "voc2007")
    assert (ran.code, "Unknown dataset of MIEB 'voc2007'" in " ".join(ran.err.split())) == (2, True)
    ran = run_command(public, "--models", "timm:nobody*")
    assert (ran.code, "No name fits the pattern" in " ".join(ran.err.split())) == (2, True)
