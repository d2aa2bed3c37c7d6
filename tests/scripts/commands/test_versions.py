"""``versions`` and ``rollback`` from the outside: what they print and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from zoograph.data.records.records import Protocol
from zoograph.training.versions.artifact import PREDICTIONS, Artifact
from zoograph.training.versions.listing import predictor_root
from zoograph.training.versions.load import current_version
from zoograph.training.versions.verdict import Verdict

Run = Callable[..., Any]


def test_versions_say_what_became_of_each(history: list[Artifact], run_zoograph: Run) -> None:
    ran = run_zoograph("versions")
    assert (ran.code, ran.err) == (0, "")
    lines = [" ".join(line.replace("│", " ").split()) for line in ran.out.splitlines()]
    assert "v1 2 11111111 warm 0.0400 0.900 in use" in lines
    assert "v2 3 11111111 full 0.0600 – kept aside" in lines
    assert any(line.startswith("v0 1 ") and line.endswith(" promoted") for line in lines)
    assert "coverage: the share of held-out values inside their intervals; aim: 0.900." in lines
    assert lines[-2:] == ["v1: Not worse.", "v2: Worse."]


def test_a_version_can_be_copied_from_a_narrow_terminal(
    toy_store: object, save_toy: Run, run_zoograph: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    verdict = Verdict(start="warm", parent="v0", error=0.0264, coverage=0.933, promoted=False)
    save_toy(predictor_root(Protocol.HEAD, None), version="20240102T030405Z-0123abcd", num_records=2_800)
    save_toy(
        predictor_root(Protocol.HEAD, None), version="20240103T030405Z-0123abcd", num_records=2_900, verdict=verdict
    )
    lines = [line.split() for line in run_zoograph("versions").out.splitlines()]
    assert ["20240103T030405Z-0123abcd", "2,900", "11111111", "warm", "0.0264", "0.933", "kept", "aside"] in lines


def test_versions_as_json(history: list[Artifact], run_zoograph: Run) -> None:
    known = json.loads(run_zoograph("versions", "--protocol", "head", "--json").out)["predictors"]["head"]
    assert (known["current"], known["damaged"]) == ("v1", [])
    assert [one["version"] for one in known["versions"]] == ["v0", "v1", "v2"]
    assert known["versions"][2]["verdict"]["suspects"] == ["b1"]
    assert (known["versions"][0]["models"], known["versions"][0]["num_records"]) == (2, 1)


def test_a_damaged_version_is_listed_as_such(history: list[Artifact], run_zoograph: Run) -> None:
    (history[0].folder / "manifest.json").write_bytes(b"{}")
    assert "Cannot be read: v0" in run_zoograph("versions").out


def test_rollback_and_forward(history: list[Artifact], run_zoograph: Run) -> None:
    ran = run_zoograph("rollback")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "retrained head: 'v0' is in use from now on, learned from 1 record; before it was 'v1'.\n"
    ran = run_zoograph("rollback")
    assert (ran.code, ran.out) == (2, "")
    assert "There is no earlier version that was promoted." in ran.err
    said = json.loads(run_zoograph("rollback", "v2", "--json").out)
    assert (said["protocol"], said["before"], said["current"]) == ("head", "v0", "v2")
    assert current_version(predictor_root(Protocol.HEAD, None)) == "v2"


def test_rollback_to_what_is_not_there_or_damaged(history: list[Artifact], run_zoograph: Run) -> None:
    assert "Unknown version 'v9'. Nearest names: v" in run_zoograph("rollback", "v9").err
    (history[0].folder / PREDICTIONS).write_bytes(b"")
    assert "is damaged: 'predictions.safetensors' is not what was written." in run_zoograph("rollback").err
    assert current_version(predictor_root(Protocol.HEAD, None)) == "v1"


def test_without_a_predictor(toy_store: object, run_zoograph: Run) -> None:
    assert run_zoograph("versions").out.startswith("No predictor is in use here yet: the first question takes")
    ran = run_zoograph("rollback")
    assert (ran.code, ran.err[:40]) == (2, "Error: No predictor is in use here yet: ")


def test_several_predictors_need_a_choice(history: list[Artifact], save_toy: Run, run_zoograph: Run) -> None:
    save_toy(predictor_root(Protocol.FINETUNE, None), version="w0", protocol=Protocol.FINETUNE)
    assert "say which with '--protocol'" in run_zoograph("rollback").err
    assert run_zoograph("rollback", "v0").code == 0
    assert run_zoograph("rollback", "--protocol", "finetune").code == 2
