"""`benchmark hub`: sizes and stages are measured once, and what fails can be taken up again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from zoograph.data.errors import ZoographError
from zoograph.data.files.facts import load_facts
from zoograph.scripts.benchmarks.speed import hub
from zoograph.training.studies.hub.work import STAGES

app = typer.Typer()
app.command()(hub.hub)

_COST = {"cpu_seconds": 1.25, "peak_rss_gib": 0.75}
_FOUND = {
    "graph": {"num_edges": 51_234},
    "train": {"epochs": 2},
    "ask": {
        **{name: {"median": 2.5} for name in ("search_ms", "judge_ms", "brute_force_ms")},
        "recall_at_10": 0.9951,
    },
}


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    asked: list[tuple[str, int]] = []

    def run(stage: str, folder: Path, models: int, told: object) -> dict[str, Any]:
        asked.append((stage, models))
        return {**_COST, **_FOUND.get(stage, {})}

    monkeypatch.setattr(hub, "_run", run)
    return asked


def _call(tmp_path: Path, *arguments: str) -> str:
    folders = ["--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]
    return CliRunner().invoke(app, [*folders, *arguments], catch_exceptions=False).stdout


def test_the_stages_are_those_of_the_study() -> None:
    assert tuple(STAGES) == hub.STAGES


def test_a_size_is_measured_once_and_its_tables_are_removed(done: list[tuple[str, int]], tmp_path: Path) -> None:
    rows = json.loads(_call(tmp_path, "--sizes", "2000,1000", "--json"))["rows"]
    assert [row["models"] for row in rows] == [1000, 2000]
    assert done == [(stage, size) for size in (1000, 2000) for stage in hub.STAGES]
    assert not list((tmp_path / "work").iterdir())
    assert "51,234" in _call(tmp_path, "--sizes", "1000")
    assert len(done) == 12
    _call(tmp_path, "--sizes", "1000", "--fresh", "--keep")
    assert len(done) == 18
    assert (tmp_path / "work" / "1000" / "ask.json").exists()
    assert (tmp_path / "out" / "hub.png").read_bytes().startswith(b"\x89PNG")


def test_a_stage_that_is_done_is_not_done_again(
    done: list[tuple[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine = hub._run

    def fail(stage: str, *rest: Any) -> dict[str, Any]:
        if stage == "embed":
            raise ZoographError("no")
        return fine(stage, *rest)

    monkeypatch.setattr(hub, "_run", fail)
    with pytest.raises(ZoographError):
        _call(tmp_path, "--sizes", "1000")
    monkeypatch.setattr(hub, "_run", fine)
    _call(tmp_path, "--sizes", "1000")
    assert [stage for stage, _ in done] == ["make", "graph", "train", "embed", "index", "ask"]
    assert load_facts(tmp_path / "out" / "hub.json")[0]["machine"]


def test_a_process_of_its_own_does_a_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\necho \'{"done": 1, "total": 2}\'\necho \'{"result": {"lists": 7}}\'\n')
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    told: list[tuple[str, int, int]] = []
    assert hub._run("index", tmp_path, 1000, lambda *at: told.append(at)) == {"lists": 7}
    assert told == [("1,000 models, index", 1, 2)]
    program.write_text("#!/bin/sh\necho no space left >&2\nexit 3\n")
    with pytest.raises(
        ZoographError, match=r"must succeed \(got exit status 3: no space left\).*goes on at this stage"
    ):
        hub._run("index", tmp_path, 1000, lambda *_: None)


def test_sizes_are_whole_numbers(tmp_path: Path) -> None:
    with pytest.raises(ZoographError, match="takes whole numbers from 100 up"):
        _call(tmp_path, "--sizes", "5")
