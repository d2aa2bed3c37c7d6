"""`benchmark sizes`: stores are made once, commands run in processes of their own, and a size is measured once."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from zoograph.data.errors import ZoographError
from zoograph.data.files.facts import load_facts
from zoograph.data.store.database import begin, make_engine
from zoograph.scripts.benchmarks.speed import store_sizes

app = typer.Typer()
app.command()(store_sizes.sizes)


def test_commands_run_on_stores_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran: list[tuple[str, str]] = []

    def run(command: list[str], environment: dict[str, str], fine: tuple[int, ...] = (0,)) -> dict[str, float]:
        ran.append((Path(environment["ZOOGRAPH_HOME"]).name, " ".join(command)))
        (tmp_path / Path(environment["ZOOGRAPH_HOME"]).name).mkdir(exist_ok=True)
        return {"cpu": float(len(ran)), "wall": 2.0, "mib": 100.0}

    monkeypatch.setattr(store_sizes, "_run", run)
    rows = store_sizes.measure(tmp_path, 40, 2)
    assert {row["runs"] for row in rows} == {40}
    assert {home for home, _ in ran} == {"home-40"}
    assert [row["cpu"] for row in rows][:2] == [2.0, 3.0]  # the first of all made the store, and the fastest counts
    assert sum(store_sizes._ADD_RUN in command for _, command in ran) == 2
    made = sum(store_sizes._GROW in command for _, command in ran)
    store_sizes.measure(tmp_path, 40, 1)
    assert made == sum(store_sizes._GROW in command for _, command in ran) == 1
    ingested = sum(command.endswith("ingest " + str(tmp_path / "runs.csv")) for _, command in ran)
    # Two rounds, then one; a retraining is timed once, and so is the wait of another writer.
    assert ingested == 2 + 2 + 1 + 1 + (1 + 1 + 1 + 1)
    assert rows[-1]["command"] == store_sizes._WAIT
    assert 0 <= rows[-1]["wall"] < 2.0
    assert json.loads((tmp_path / "card.json").read_text())["num_classes"] == 5


def test_a_size_is_measured_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[int] = []

    def measure(out: Path, number: int, rounds: int, database: str | None) -> list[dict[str, Any]]:
        asked.append(number)
        return [{"runs": number, "command": "predict", "cpu": 1.5, "wall": 2.0, "mib": 512.0}]

    monkeypatch.setattr(store_sizes, "measure", measure)

    def run(*arguments: str) -> str:
        return CliRunner().invoke(app, ["--out", str(tmp_path), *arguments], catch_exceptions=False).stdout

    assert [row["runs"] for row in json.loads(run("--runs", "1000", "--json"))["rows"]] == [1000]
    shown = run("--runs", "1000,0")
    assert "1,000" in shown
    assert "512" in shown
    assert asked == [1000, 0]
    assert len(load_facts(tmp_path / "sizes.json")) == 2


def test_another_writer_waits_while_a_command_holds_the_lock(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'one.db'}"
    with begin(make_engine(url)):  # as every store: what is not in the file yet lies in a log
        pass
    hold = (
        "import sys, time, sqlite3; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN IMMEDIATE'); time.sleep(0.5); c.execute('COMMIT')"
    )
    row = store_sizes._run_beside_a_writer([sys.executable, "-c", hold, str(tmp_path / "one.db")], {}, url)
    assert row["wall"] > 0.3
    assert row["cpu"] > 0


def test_a_database_holds_one_size(tmp_path: Path) -> None:
    with pytest.raises(ZoographError, match=r"holds one store: give '--runs' one size .got 2"):
        CliRunner().invoke(
            app, ["--runs=0,1000", "--database=postgresql://x/y", f"--out={tmp_path}"], catch_exceptions=False
        )


def test_a_command_is_measured() -> None:
    row = store_sizes._run([sys.executable, "-c", "x = bytearray(30_000_000); sum(range(300_000))"], {})
    assert row["cpu"] > 0
    assert row["mib"] > 28
    assert store_sizes._run([sys.executable, "-c", "raise SystemExit(1)"], {}, (0, 1))["cpu"] > 0
    with pytest.raises(ZoographError, match=r"must succeed \(got exit status 3\)"):
        store_sizes._run([sys.executable, "-c", "raise SystemExit(3)"], {})


@pytest.mark.parametrize("runs", ["many", "-5", ""])
def test_sizes_are_checked(runs: str, tmp_path: Path) -> None:
    with pytest.raises(ZoographError, match="'--runs' takes whole numbers from 0 up"):
        CliRunner().invoke(app, [f"--runs={runs}", "--out", str(tmp_path)], catch_exceptions=False)


def test_a_broken_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "sizes.json").write_text("{")
    with pytest.raises(ZoographError, match=r"must hold what an earlier measurement wrote .*--fresh"):
        CliRunner().invoke(app, ["--runs=0", "--out", str(tmp_path)], catch_exceptions=False)


def test_written_runs_are_new_each_time(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    texts = []
    for _ in range(2):
        store_sizes._write_runs(path)
        texts.append(path.read_text().splitlines())
    assert len(texts[0]) == 1_001
    assert texts[0][0] == texts[1][0] == "model,dataset,protocol,accuracy,seed"
    assert not set(texts[0][1:]) & set(texts[1][1:])
