"""``retrain``, ``versions``, ``rollback`` and ``status`` from the outside: what they print and how they end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image

from zoograph.data.errors import ZoographError
from zoograph.data.records.records import Protocol
from zoograph.scripts.commands import retrain as module
from zoograph.scripts.commands.prune import prune
from zoograph.scripts.commands.retrain import _parse_every, retrain
from zoograph.scripts.commands.status import status
from zoograph.scripts.commands.versions import rollback, versions
from zoograph.scripts.main import _run
from zoograph.scripts.pictures.living import draw_replay
from zoograph.scripts.pictures.style import to_png
from zoograph.training.retraining import challenge as training
from zoograph.training.retraining.challenge import Round, Waiting
from zoograph.training.studies.replay import Step
from zoograph.training.versions.artifact import PREDICTIONS, Artifact
from zoograph.training.versions.listing import predictor_root
from zoograph.training.versions.load import current_version
from zoograph.training.versions.verdict import Verdict

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., Any]


@pytest.fixture
def run(run_predict: Run) -> Run:
    """A callable that runs one of the commands."""

    def run_one(name: str, *arguments: str) -> Any:
        app = typer.Typer(pretty_exceptions_enable=False)
        for command in (retrain, versions, rollback, prune, status):
            app.command()(command)
        return run_predict(name, *arguments, entry=lambda: _run(app))

    return run_one


@pytest.fixture
def history(toy_store: object, save_toy: Run) -> list[Artifact]:
    """Three versions of the head predictor: the first, one that was promoted, and one that was kept aside."""
    trials = (
        Verdict(),
        Verdict(
            start="warm", parent="v0", num_cells=30, error=0.04, parent_error=0.05, coverage=0.9, reason="Not worse."
        ),
        Verdict(parent="v1", error=0.06, parent_error=0.04, promoted=False, reason="Worse.", suspects=("b1",)),
    )
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    root = predictor_root(Protocol.HEAD, None)
    return [
        save_toy(root, version=f"v{k}", verdict=verdict, num_records=k + 1, created_at=begin + timedelta(days=k))
        for k, verdict in enumerate(trials)
    ]


# -- versions and rollback ----------------------------------------------------------------------------


def test_versions_say_what_became_of_each(history: list[Artifact], run: Run) -> None:
    ran = run("versions")
    assert (ran.code, ran.err) == (0, "")
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert "v1 2 11111111 warm 0.0400 0.900 answers now" in lines
    assert "v2 3 11111111 full 0.0600 – kept aside" in lines
    assert lines[-2:] == ["v1: Not worse.", "v2: Worse."]


def test_a_version_can_be_copied_from_a_narrow_terminal(
    toy_store: object, save_toy: Run, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    verdict = Verdict(start="warm", parent="v0", error=0.0264, coverage=0.933, promoted=False)
    save_toy(predictor_root(Protocol.HEAD, None), version="20240102T030405Z-0123abcd", num_records=2_800)
    save_toy(
        predictor_root(Protocol.HEAD, None), version="20240103T030405Z-0123abcd", num_records=2_900, verdict=verdict
    )
    lines = [line.split() for line in run("versions").out.splitlines()]
    assert ["20240103T030405Z-0123abcd", "2,900", "11111111", "warm", "0.0264", "0.933", "kept", "aside"] in lines


def test_versions_as_json(history: list[Artifact], run: Run) -> None:
    known = json.loads(run("versions", "--protocol", "head", "--json").out)["head"]
    assert (known["current"], known["damaged"]) == ("v1", [])
    assert [one["version"] for one in known["versions"]] == ["v0", "v1", "v2"]
    assert known["versions"][2]["verdict"]["suspects"] == ["b1"]
    assert (known["versions"][0]["models"], known["versions"][0]["num_records"]) == (2, 1)


def test_a_damaged_version_is_listed_as_such(history: list[Artifact], run: Run) -> None:
    (history[0].folder / "manifest.json").write_bytes(b"{}")
    assert "Cannot be read: v0" in run("versions").out


def test_rollback_and_forward(history: list[Artifact], run: Run) -> None:
    ran = run("rollback")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "retrained head: 'v0' answers from now on, learned from 1 records; before it was 'v1'.\n"
    ran = run("rollback")
    assert (ran.code, ran.out) == (2, "")
    assert "There is no earlier version that was promoted." in ran.err
    assert json.loads(run("rollback", "v2", "--json").out) == {"protocol": "head", "before": "v0", "current": "v2"}
    assert current_version(predictor_root(Protocol.HEAD, None)) == "v2"


def test_rollback_to_what_is_not_there_or_damaged(history: list[Artifact], run: Run) -> None:
    assert "Unknown version 'v9'. Nearest names: v" in run("rollback", "v9").err
    (history[0].folder / PREDICTIONS).write_bytes(b"")
    assert "is damaged: 'predictions.safetensors' is not what was written." in run("rollback").err
    assert current_version(predictor_root(Protocol.HEAD, None)) == "v1"


def test_without_a_predictor(toy_store: object, run: Run) -> None:
    assert run("versions").out.startswith("No predictor has been trained yet")
    ran = run("rollback")
    assert (ran.code, ran.err[:40]) == (2, "Error: No predictor has been trained yet")


def test_several_predictors_need_a_choice(history: list[Artifact], save_toy: Run, run: Run) -> None:
    save_toy(predictor_root(Protocol.FINETUNE, None), version="w0", protocol=Protocol.FINETUNE)
    assert "say which with '--protocol'" in run("rollback").err
    assert run("rollback", "v0").code == 0
    assert run("rollback", "--protocol", "finetune").code == 2


# -- prune ------------------------------------------------------------------------------------------


@pytest.fixture
def old(history: list[Artifact], save_toy: Run) -> Path:
    """The history and one version more, all of long ago; v1 answers no more, v3 does."""
    root = predictor_root(Protocol.HEAD, None)
    save_toy(root, version="v3", verdict=Verdict(parent="v1"), created_at=datetime(2024, 1, 9, tzinfo=UTC))
    for folder in root.iterdir():
        os.utime(folder, (0, 0))
    return root


def test_prune_says_what_goes_and_what_is_left(old: Path, run: Run) -> None:
    ran = run("prune", "--keep", "1", "--dry-run")
    assert (ran.code, ran.err) == (0, "")
    assert [line.split() for line in ran.out.splitlines() if "would go" in line] == [
        ["v0", "would", "go"],
        ["v2", "would", "go"],
    ]
    assert " would be free, 2 versions are left." in ran.out
    assert (old / "v0").is_dir()
    os.utime(old / "v2")
    said = json.loads(run("prune", "--keep", "1", "--json").out)["head"]
    assert (said["removed"], said["kept"], said["recent"]) == (["v0"], 3, ["v2"])
    assert sorted(path.name for path in old.iterdir()) == ["current.json", "v1", "v2", "v3"]
    assert "3 versions are left." in run("prune").out
    assert run("rollback").code == 0


def test_prune_without_a_predictor(toy_store: object, run: Run) -> None:
    assert "there is nothing to remove" in run("prune").out


def test_retrain_removes_old_ones_if_asked(old: Path, rounds: list[Round], run: Run) -> None:
    rounds += [Round(Waiting(0, 0), None)] * 2
    assert run("retrain").code == 0
    assert (old / "v0").is_dir()
    assert run("retrain", "--keep", "1").code == 0
    assert sorted(path.name for path in old.iterdir()) == ["current.json", "v1", "v3"]


# -- retrain ------------------------------------------------------------------------------------------


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[Round]:
    """What each look at the store ends with, the first one first."""
    waiting: list[Round] = []
    monkeypatch.setattr(training, "retrain_if_needed", lambda *_, **__: waiting.pop(0))
    return waiting


def test_too_little_is_said(history: list[Artifact], rounds: list[Round], run: Run) -> None:
    rounds.append(Round(Waiting(3, 0), None))
    ran = run("retrain")
    assert (ran.code, ran.out) == (0, "retrained head: 3 new runs wait, too few to retrain.\n")


def test_one_that_was_promoted_and_one_that_was_kept_aside(
    history: list[Artifact], rounds: list[Round], run: Run
) -> None:
    rounds += [Round(Waiting(30, 0), history[1]), Round(Waiting(30, 0), history[2])]
    ran = run("retrain")
    assert ran.code == 0
    assert ran.out.splitlines()[1:] == ["Not worse.", "It answers from now on."]
    ran = run("retrain")
    assert ran.code == 1
    assert (
        "Kept aside: 'v1' goes on answering. 'zoograph undo b1' takes a batch back; 'zoograph rollback v2'" in ran.out
    )


def test_retrain_as_json(history: list[Artifact], rounds: list[Round], run: Run) -> None:
    rounds.append(Round(Waiting(30, 1), history[2]))
    ran = run("retrain", "--json")
    said = json.loads(ran.out)
    assert (ran.code, said["protocol"], said["waiting"]) == (1, "head", {"new": 30, "gone": 1})
    assert (said["trained"]["version"], said["trained"]["suspects"]) == ("v2", ["b1"])


def test_watching_goes_on_after_an_error(
    history: list[Artifact], rounds: list[Round], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    outcomes = [ZoographError("The store is busy."), Round(Waiting(0, 0), None), Round(Waiting(9, 0), None)]

    def look(*_: object, **__: object) -> Round:
        outcome = outcomes.pop(0)
        if isinstance(outcome, ZoographError):
            raise outcome
        return outcome

    monkeypatch.setattr(training, "retrain_if_needed", look)
    monkeypatch.setattr(module.time, "sleep", pause)
    ran = run("retrain", "--watch", "--every", "30m")
    assert (ran.code, pauses) == (130, [1800, 1800, 1800])
    assert ran.err == "Error: The store is busy.\n"
    assert "0 new runs wait" in ran.out
    assert "9 new runs wait" in ran.out


@pytest.mark.parametrize("text", ["", "1", "h", "0h", "-1h", "1.5h", "1w", "1h30m", "9" * 20 + "d"])
def test_how_often_needs_a_unit(text: str) -> None:
    with pytest.raises(ZoographError, match="takes a number and one of s, m, h, d"):
        _parse_every(text)


# -- status -------------------------------------------------------------------------------------------


def test_status_of_store_and_predictors(history: list[Artifact], run: Run) -> None:
    said = json.loads(run("status", "--json").out)
    assert (said["store"]["models"], said["store"]["datasets"]) == (2, 3)
    assert said["store"]["runs"] == [["toy", "finetune", 2], ["toy", "head", 1]]
    assert said["store"]["newest"] == "the zoo that ships"
    head = said["predictors"]["head"]
    assert (head["current"]["version"], head["newer_records"]) == ("v1", 0)
    assert [(one["version"], one["error"], one["promoted"]) for one in head["errors"]] == [
        ("v0", 0.05, True),  # as the next one measured it
        ("v1", 0.04, True),
        ("v2", 0.06, False),
    ]


def test_status_in_words_and_as_a_picture(history: list[Artifact], run: Run, tmp_path: Path) -> None:
    ran = run("status", "--picture", str(tmp_path / "curve.png"))
    assert (ran.code, ran.err) == (0, "")
    assert "The store has 2 models and 3 datasets." in ran.out
    assert "retrained head: v1 answers. It knows 2 runs" in " ".join(ran.out.split())
    with Image.open(tmp_path / "curve.png") as image:
        assert image.width == 1050


def test_a_picture_needs_versions_and_a_place(history: list[Artifact], toy_store: object, run: Run) -> None:
    assert "cannot be written (No such file or directory)" in run("status", "--picture", "/nowhere/at/all.png").err


def test_there_is_no_curve_yet(toy_store: object, run: Run, tmp_path: Path) -> None:
    assert "There is no learning curve yet" in run("status", "--picture", str(tmp_path / "curve.png")).err


# -- documents and pictures ---------------------------------------------------------------------------


def test_the_replay_is_drawn() -> None:
    steps = [
        Step(100 * k, "full" if k < 3 else "warm", k != 2, 5.0, 0.1 / k, 0.9, {"linear": 0.1}) for k in range(1, 5)
    ]
    assert to_png(draw_replay(steps)).startswith(b"\x89PNG")


def test_the_page_names_options_that_exist() -> None:
    page = (ROOT / "docs" / "living-zoo.md").read_text(encoding="utf-8")
    for command in (retrain, versions, rollback, prune, status):
        assert f"zoograph {command.__name__}" in page
    for option in ("--watch", "--every 1h", "--min-new 25"):
        assert option in page
