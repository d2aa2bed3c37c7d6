from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from zoograph.data.collections.glyphs.models import CORPORA, SourceModel
from zoograph.data.collections.glyphs.plan import GlyphPlan
from zoograph.data.collections.glyphs.tasks import list_tasks
from zoograph.data.collections.tables import read_tables
from zoograph.data.text.table import TextTable
from zoograph.data.text.words import zoo_texts
from zoograph.scripts.zoo.glyphs import app


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> GlyphPlan:
    corpus = replace(CORPORA["latin"], characters="LOX", train_per_class=8, test_per_class=4)
    model = SourceModel("efficientnet", corpus, 1)
    plan = GlyphPlan(
        (model,), tuple(list_tasks({"print": (2,)}, (4,))), model.id, finetune_one_in=1000, probe_per_class=4
    )
    monkeypatch.setattr("zoograph.data.collections.glyphs.plan.full_plan", lambda: plan)
    return plan


def test_the_command_writes_tables_texts_and_how_they_came_about(
    tiny: GlyphPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOOGRAPH_HOME", str(tmp_path / "home"))
    out = tmp_path / "out"
    arguments = ["glyphs", "--processes", "1", "--out", str(out), "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    zoo = read_tables(out)
    assert told["counts"] == zoo.counts()
    assert zoo.counts()["runs"] == len(tiny.tasks)
    assert TextTable.load(out / "text.safetensors").missing(zoo_texts(zoo.models, zoo.datasets)) == []
    built = json.loads((out / "build.json").read_text(encoding="utf-8"))
    assert {**built, "folder": str(out), "schema": 1, "notes": []} == told
    assert built["plan"] == tiny.digest()
    assert built["machine"]["cores"] >= 1
    assert built["versions"]["torch"]

    written = {path.name: path.read_bytes() for path in out.iterdir()}
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == written

    # Influences have a command of their own, which leaves the other tables alone, as they leave its table.
    row = {"source": "t", "label": "L", "corpus": "glyph_corpus_latin", "dataset": tiny.tasks[0].id, "value": 0.5}
    report = SimpleNamespace(influences=[{**row, "name": "influence_correct"}])
    monkeypatch.setattr("zoograph.training.studies.influence.study.run_study", lambda *_: report)
    ran = CliRunner().invoke(app, ["influences", "--processes", "1", "--out", str(out), "--json"])
    assert json.loads(ran.stdout) == {"schema": 1, "folder": str(out), "influences": 1, "notes": []}
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert [influence.value for influence in read_tables(out).influences] == [0.5]
    changed = {path.name for path in out.iterdir() if path.read_bytes() != written[path.name]}
    assert changed == {"influences.csv.gz", "build.json"}  # which counts them


def test_help_has_an_example() -> None:
    result = CliRunner().invoke(app, ["glyphs", "--help"])
    assert "zoograph zoo measure glyphs --processes 2" in " ".join(result.output.split())
