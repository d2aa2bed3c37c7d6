"""`benchmark`: JSON alone on stdout, a table for people, and errors in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.scripts.main import main
from zoograph.training.evaluation import suites

FOLDS = ("benchmark", "custom", "--folds", "leave_one_dataset_out")
CHEAP = ("--methods", "model-mean,standardized-model-mean")


@pytest.fixture
def run(run_predict: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable:
    monkeypatch.setattr(suites, "text_for", lambda zoo: SimpleNamespace(lookup=HashEmbedder(4)))
    return lambda *arguments: run_predict(*arguments, entry=main)


@pytest.fixture
def runs(tmp_path: Path) -> str:
    table = make_synthetic_zoo(6, 8).zoo.runs[["model", "dataset", "value"]]
    table.loc[table["dataset"] == "task_0", "value"] = 0.5
    path = tmp_path / "runs.csv"
    table.to_csv(path, index=False)
    return str(path)


def test_json_is_alone_on_stdout(run: Callable, runs: str) -> None:
    ran = run(*FOLDS, "--runs", runs, *CHEAP, "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert found["benchmark"] == "custom-leave_one_dataset_out"
    assert [row["method"] for row in found["rows"]] == ["model-mean", "standardized-model-mean"]
    assert found["rows"][0]["num_undefined"] == 1
    assert "NaN" not in ran.out


def test_table_for_people(run: Callable, runs: str) -> None:
    ran = run(*FOLDS, "--runs", runs, *CHEAP)
    assert ran.code == 0, ran.err
    assert "leave_one_dataset_out: 8 folds, retrained head" in ran.out
    assert "1 of 8 rankings have no correlation" in " ".join(ran.out.split())
    assert ran.out.count("standardized-model-mean") == 2
    assert "nan" not in ran.out.lower()


def test_answers_are_kept_until_fresh(run: Callable, runs: str, home: Path) -> None:
    run(*FOLDS, "--runs", runs, *CHEAP, "--json")
    kept = sorted((home / "benchmarks").rglob("*.safetensors"))
    assert len(kept) == 16
    stamps = [path.stat().st_mtime_ns for path in kept]
    run(*FOLDS, "--runs", runs, *CHEAP, "--json")
    assert [path.stat().st_mtime_ns for path in kept] == stamps
    run(*FOLDS, "--runs", runs, *CHEAP, "--json", "--fresh")
    assert all(path.stat().st_mtime_ns > stamp for path, stamp in zip(kept, stamps, strict=True))


def test_files_are_written_where_asked(run: Callable, runs: str, tmp_path: Path) -> None:
    out = tmp_path / "results" / "today"
    ran = run(*FOLDS, "--runs", runs, *CHEAP, "--json", "--out", str(out))
    assert ran.code == 0, ran.err
    json.loads(ran.out)
    written = json.loads((out / "custom-leave_one_dataset_out.json").read_text())
    assert written["command"] == (
        "zoograph benchmark custom --folds leave_one_dataset_out --runs runs.csv "
        "--methods model-mean,standardized-model-mean --json --out today"
    )
    assert "Warning: There are no pictures: they are of 'zoograph'" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*FOLDS, "--methods", "magic"), "Error: Unknown method 'magic'."),
        ((*FOLDS, "--methods", ","), "Error: A benchmark needs a method"),
        (("benchmark", "custom", "--folds", "magic", *CHEAP), "Error: Unknown folds 'magic'."),
        ((*FOLDS[:3], "missing_edges", *CHEAP), "Error: The folds need 3 measured models and 10"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    run: Callable, runs: str, arguments: tuple[str, ...], message: str
) -> None:
    ran = run(*arguments, "--runs", runs)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith(message)
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("option", ["--models", "--datasets"])
def test_cards_without_runs_are_refused(run: Callable, tmp_path: Path, option: str) -> None:
    ran = run(*FOLDS, option, str(tmp_path / "cards.csv"))
    assert ran.code == 2
    assert ran.err == "Error: '--models' and '--datasets' describe your own '--runs': give those too.\n"


def test_a_zoo_too_small_to_learn_from(run: Callable, tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("model,dataset,accuracy\n" + "".join(f"{m},{d},0.{i}\n" for i, m in enumerate("abc") for d in "xy"))
    ran = run(*FOLDS, "--runs", str(path), "--methods", "zoograph")
    assert ran.code == 2
    assert "'zoograph' cannot learn from what fold 'x' leaves. The predictor needs 20" in " ".join(ran.err.split())
