"""`zoo measure influences`: the table of influences is written beside the others, which stay."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from zoograph.data.collections.tables import read_tables, write_tables
from zoograph.data.records.collection import Collection
from zoograph.scripts.zoo.influences import influences


def test_the_table_is_written_and_the_others_stay(
    toy_zoo: Collection, run_command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "tables"
    write_tables(toy_zoo, out, compressed=True)
    row = {
        "source": "t",
        "label": "L",
        "corpus": "birds_1",
        "dataset": "pets",
        "value": 0.5,
        "name": "influence_correct",
    }
    report = SimpleNamespace(influences=[row])
    monkeypatch.setattr("zoograph.training.studies.influence.study.run_study", lambda *_: report)
    ran = run_command(influences, "--processes", "1", "--out", str(out), "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["influences"] == 1
    written = read_tables(out)
    assert [one.value for one in written.influences] == [0.5]
    assert (len(written.models), len(written.runs)) == (len(toy_zoo.models), len(toy_zoo.runs))
    assert f"Wrote 1 influences to {out}." in run_command(influences, "--processes", "1", "--out", str(out)).out
