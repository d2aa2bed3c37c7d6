"""Tables of what a prediction rests on."""

from __future__ import annotations

import pytest

from zoograph.scripts.terminal.printed.evidence import format_number, print_evidence
from zoograph.training.answers.evidence import Evidence, NearDataset, NearModel, RecordEffect


def test_three_tables_name_what_is_near(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    why = Evidence(
        "resnet",
        (NearDataset("birds", 0.875, None, "vit", 0.75),),
        (NearModel("vit", 0.5, 0.25),),
        (RecordEffect("vit", "birds", 0.75, 2, -1.25), RecordEffect("far", "off", 0.5, 1, 0.004)),
    )
    print_evidence(why, "pets")
    lines = [" ".join(line.replace("│", " ").split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "Measured datasets most like pets"
    assert "birds 0.88 – 0.750 vit" in lines
    assert "vit 0.50 0.250" in lines
    assert "vit birds 0.750 2 -1.25" in lines
    assert not any("far" in line for line in lines)  # moved it by less than what is printed


def test_numbers_that_are_not_known_are_a_dash() -> None:
    assert (format_number(None, ".3f"), format_number(0.0, ".1f", "M")) == ("–", "0.0M")
