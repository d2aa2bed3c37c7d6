"""``status`` from the outside: the store, the predictors, and the curve of their error."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from PIL import Image

from zoograph.data.records.records import Protocol
from zoograph.data.records.sources import own_source
from zoograph.data.testing.own_runs import own_run
from zoograph.scripts.commands.status import _knows
from zoograph.training.versions.artifact import Artifact
from zoograph.training.versions.changes import Changes

Run = Callable[..., Any]


def test_status_of_store_and_predictors(history: list[Artifact], run_zoograph: Run) -> None:
    said = json.loads(run_zoograph("status", "--json").out)
    assert (said["store"]["models"], said["store"]["datasets"]) == (2, 3)
    assert said["store"]["runs"] == [["toy", "finetune", 2], ["toy", "head", 1]]
    assert said["store"]["kinds"] == [["finetune", "top1", "image", 2], ["head", "top1", "image", 1]]
    assert said["store"]["newest"] == "the zoo that ships"
    head = said["predictors"]["head"]
    # The versions of this test saw no batch.
    assert (head["current"]["version"], head["newer_records"], head["taken_back"]) == ("v1", 1, 0)
    assert [(one["version"], one["error"], one["promoted"]) for one in head["errors"]] == [
        ("v0", 0.05, True),  # as the next one measured it
        ("v1", 0.04, True),
        ("v2", 0.06, False),
    ]


def test_status_in_words_and_as_a_picture(history: list[Artifact], run_zoograph: Run, tmp_path: Path) -> None:
    ran = run_zoograph("status", "--picture", str(tmp_path / "curve.png"))
    assert (ran.code, ran.err) == (0, "")
    assert "The store has 2 models and 3 datasets." in ran.out
    lines = [" ".join(line.replace("│", " ").split()) for line in ran.out.splitlines()]
    assert "finetune full fine-tuning top1 image 2" in lines
    assert "retrained head: v1 is in use. It learned from 2 runs" in " ".join(ran.out.split())
    with Image.open(tmp_path / "curve.png") as image:
        assert image.width == 1050


def test_what_zoograph_measured_is_one_source(toy_store: Any, run_zoograph: Run) -> None:
    own = [own_run(0.5, source=own_source("0.1.0", "31798e29af8e", f"images 47084eae92b{n}")) for n in range(3)]
    toy_store.add(runs=[*own, own_run(0.25)])
    said = json.loads(run_zoograph("status", "--json").out)
    assert (said["schema"], said["store"]["runs"]) == (
        2,
        [["measured by zoograph", "head", 3], ["mine", "head", 1], ["toy", "finetune", 2], ["toy", "head", 1]],
    )
    lines = [" ".join(line.replace("│", " ").split()) for line in run_zoograph("status").out.splitlines()]
    assert "measured by zoograph head 3" in lines


def test_a_picture_needs_versions_and_a_place(history: list[Artifact], toy_store: object, run_zoograph: Run) -> None:
    ran = run_zoograph("status", "--picture", "/nowhere/at/all.png")
    assert "cannot be written (No such file or directory)" in ran.err


def test_there_is_no_curve_yet(toy_store: object, run_zoograph: Run, tmp_path: Path) -> None:
    assert "There is no learning curve yet" in run_zoograph("status", "--picture", str(tmp_path / "curve.png")).err


def _change(home: Path, statement: str) -> None:
    with closing(sqlite3.connect(home / "zoograph.db")) as connection, connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(statement)


def test_a_check_names_the_row_that_changed_on_disk_and_a_repair_brings_it_back(
    toy_store: Any, home: Path, run_zoograph: Run
) -> None:
    ran = run_zoograph("status", "--check")
    assert ran.code == 0
    assert "Every row of the store is as it was stored." in ran.out
    _change(home, "UPDATE runs SET value = 0.25 WHERE dataset = 'birds_1'")
    ran = run_zoograph("status", "--check")
    assert ran.code == 1
    words = " ".join(ran.out.replace("│", " ").split())
    assert "resnet birds_1 head top1 shipped" in words
    assert "No answer and no training reads them." in words
    said = json.loads(run_zoograph("status", "--check", "--json").out)["check"]
    assert [row["what"] for row in said["rows"]] == ["resnet birds_1 head top1"]
    assert (said["pages"], said["repaired"]) == ([], False)
    said = json.loads(run_zoograph("status", "--check", "--repair", "--json").out)["check"]
    assert (len(said["rows"]), said["repaired"]) == (1, True)
    assert run_zoograph("status", "--check").code == 0
    assert toy_store.measured("resnet", ["birds_1"], Protocol.HEAD)["birds_1"].value == 0.5


def test_a_check_says_what_is_wrong_where_nothing_else_can_be_told(
    toy_store: Any, home: Path, run_zoograph: Run
) -> None:
    _change(home, "UPDATE datasets SET card = '{' WHERE id = 'pets'")
    assert "malformed JSON" in run_zoograph("status").err
    ran = run_zoograph("status", "--check", "--json")
    assert ran.code == 1
    assert [row["id"] for row in json.loads(ran.out)["check"]["rows"]] == ["pets"]
    assert "pets" in run_zoograph("status", "--check").out
    assert run_zoograph("status", "--check", "--repair").code == 0
    assert run_zoograph("status", "--check").code == 0


def test_one_of_anything_is_in_the_singular() -> None:
    folder: Any = SimpleNamespace(title="retrained head")
    current: Any = SimpleNamespace(version="v1", num_records=1, models=("resnet",), datasets=("pets",))
    assert _knows(folder, current, Changes(frozenset(), 1, 1), "v1") == (
        "retrained head: v1 is in use. It learned from 1 run of 1 model on 1 dataset; 1 newer run waits for "
        "'zoograph retrain', and 1 batch that it learned from was undone."
    )


def test_after_a_rollback_no_run_waits_that_a_version_has_seen() -> None:
    folder: Any = SimpleNamespace(title="retrained head")
    current: Any = SimpleNamespace(version="v1", num_records=1, models=("resnet",), datasets=("pets",))
    assert _knows(folder, current, Changes(frozenset(), 2, 0), "v2").endswith(
        "2 newer runs are not in it. 'zoograph retrain' waits for runs that no version has learned from."
    )


def test_a_repair_goes_with_a_check(run_zoograph: Run) -> None:
    ran = run_zoograph("status", "--repair")
    assert (ran.code, "goes with --check" in ran.err) == (2, True)
