"""``choose`` from the outside: JSON, files, and every bad input in one sentence."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import zoograph
from zoograph.data.records.records import Protocol
from zoograph.scripts.commands.choose import choose
from zoograph.training.choosing.choice import Choice

Command = Callable[..., Any]


@pytest.fixture
def asked(choice: Choice, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the library was asked, where it answers at once."""
    given: list[dict[str, Any]] = []

    def answer(dataset: str, budget: float, protocol: Protocol, regret: float, filters: object, **named: Any) -> Choice:
        given.append({"dataset": dataset, "budget": budget, "protocol": protocol, "regret": regret, **named})
        return choice

    monkeypatch.setattr(zoograph, "choose", answer, raising=False)
    return given


def test_json_and_files(asked: list[dict[str, Any]], run_command: Command, tmp_path: Path) -> None:
    picture, report = tmp_path / "regret.png", tmp_path / "report.html"
    files = ("--picture", str(picture), "--report", str(report))
    tuning = ("--protocol", "finetune", "--epochs", "3", "--regret", "0.5", "--weights-dir", "w")
    ran = run_command(choose, "--dataset", "./photos", "--budget", "30m", *tuning, *files, "--json")
    assert ran.code == 0, ran.err
    assert (asked[0]["budget"], asked[0]["regret"], asked[0]["protocol"]) == (1800.0, 0.5, Protocol.FINETUNE)
    assert asked[0]["config"].max_epochs == 3
    assert asked[0]["weights_dir"] == Path("w")
    assert 0 < time.monotonic() - asked[0]["begin"] < 600
    answer = json.loads(ran.out)
    assert (answer["schema"], answer["choice"]["model"], answer["stopped"]) == (1, "net_a.in1k", "regret")
    assert answer["report"] == str(report)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "net_a.in1k" in report.read_text()


def test_people_read_the_choice(asked: list[dict[str, Any]], run_command: Command) -> None:
    ran = run_command(choose, "--dataset", "./photos", "--budget", "90s")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("Take net_a.in1k: 0.930 measured (retrained head).")
    assert "Stopped after 8 min" in " ".join(ran.out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--budget", "30"), "must be a time such as 30m, 90s or 1.5h (got '30')"),
        (("--budget", "30m", "--regret", "-1"), "Invalid value for '--regret'"),
        (("--budget", "30m", "--epochs", "3"), "'--epochs' belongs to fine-tuning (got the protocol 'head')"),
        (("--budget", "30m", "--protocol", "probe"), "zoograph itself does head or finetune to a model (got 'probe')"),
        (
            ("--budget", "30m", "--weights-dir", "nowhere"),
            "must be a folder with a file for each of some models",
        ),
        (("--budget", "30m", "--device", "abacus"), "The device 'abacus' cannot be used"),
        (("--budget", "30m", "--objective", "luck"), "luck"),
        (("--budget", "30m", "--report", "no/where.html"), "cannot be written"),
    ],
)
def test_bad_input_is_a_sentence(
    arguments: tuple[str, ...],
    message: str,
    animals: Path,
    run_command: Command,
    toy_zoo: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from zoograph.training.candidates.machine_speed import MachineSpeed
    from zoograph.training.choosing import choose_model

    monkeypatch.setattr(choose_model, "measure_machine", lambda progress: MachineSpeed("cpu", "toy", {}))
    none = type("Estimate", (), {"speeds": {}})()
    monkeypatch.setattr(choose_model, "estimate_speeds", lambda *_: none)
    ran = run_command(choose, "--dataset", str(animals), *arguments)
    assert ran.code == 2
    assert message in " ".join(ran.err.replace("│", " ").split())
    assert ran.out == ""


def test_a_folder_that_is_not_there_is_a_sentence(run_command: Command, toy_zoo: object, tmp_path: Path) -> None:
    ran = run_command(choose, "--dataset", str(tmp_path / "nothing"), "--budget", "30m")
    assert ran.code == 2
    assert "nothing" in ran.err


def test_what_was_stopped_says_that_it_goes_on(run_command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(zoograph, "choose", stop, raising=False)
    ran = run_command(choose, "--dataset", "./photos", "--budget", "30m")
    assert ran.code == 130
    assert "Stopped. What was measured is kept; the same command goes on from there." in ran.err
