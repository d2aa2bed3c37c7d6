"""`benchmark --out`: files that are whole, say nothing of the host, and pictures that can be read in print."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
from pathlib import Path

import pytest
from PIL import Image

from zoograph.data.errors import ZoographError
from zoograph.scripts.benchmarks import files as benchmark_files
from zoograph.scripts.benchmarks.files import write_files
from zoograph.training.evaluation.suites import Result, Suite
from zoograph.training.evaluation.table import PROJECT

pytestmark = pytest.mark.usefixtures("tiny_predictor")
BASELINES = ["model-mean", "linear-regression"]
PICTURES = ("predicted", "ranking", "intervals", "matrix")


def test_tables_and_pictures_are_written(complete: tuple[Suite, Result], tmp_path: Path) -> None:
    suite, result = complete
    files = write_files(suite, result, tmp_path / "out")
    assert [path.name for path in files] == ["toy.json", "toy.csv", *(f"toy-{name}.png" for name in PICTURES)]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in files)
    for path in files[2:]:
        assert path.stat().st_size < 250_000
        with Image.open(path) as image:
            assert image.width == 1050
            assert len(image.convert("RGB").getcolors(1 << 20)) > 3
    before = [path.read_bytes() for path in files[1:]]
    assert [path.read_bytes() for path in write_files(suite, result, tmp_path / "out")[1:]] == before


@pytest.fixture
def _no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables alone are written, in less time."""
    monkeypatch.setattr("zoograph.scripts.pictures.benchmark.draw_figures", lambda *_: ())


@pytest.mark.usefixtures("_no_pictures")
def test_json_says_what_was_run_and_nothing_of_the_host(complete: tuple[Suite, Result], tmp_path: Path) -> None:
    suite, result = complete
    text = write_files(suite, result, tmp_path)[0].read_text()
    found = json.loads(text)
    assert {key: found[key] for key in result.as_dict()} == json.loads(json.dumps(result.as_dict()))
    assert set(found) - set(result.as_dict()) == {"command", "date", "zoograph", "python", "torch", "machine"}
    assert found["machine"] == {"cpus": os.cpu_count(), "architecture": platform.machine()}
    assert found["python"] == platform.python_version()
    assert found["command"] is None
    assert str(Path.home()) not in text
    assert str(tmp_path) not in text
    assert platform.node() not in text


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        (["/opt/bin/zoograph", "benchmark", "domainnet"], "zoograph benchmark domainnet"),
        (["z", "benchmark", "custom", "--runs", "/home/me/r.csv"], "zoograph benchmark custom --runs r.csv"),
        (["z", "benchmark", "custom", "--out=/home/me/out/"], "zoograph benchmark custom --out=out"),
        (
            ["z", "benchmark", "custom", "--runs", "C:\\me\\my runs.csv"],
            "zoograph benchmark custom --runs 'my runs.csv'",
        ),
        (["pytest", "tests"], None),
    ],
)
def test_command_without_folders(typed: list[str], command: str | None) -> None:
    assert benchmark_files._command(typed) == command


@pytest.mark.usefixtures("_no_pictures")
def test_csv_has_a_row_a_method_and_two_columns_a_metric(sparse: tuple[Suite, Result], tmp_path: Path) -> None:
    suite, result = sparse
    rows = list(csv.DictReader(io.StringIO(write_files(suite, result, tmp_path)[1].read_text())))
    assert [row["method"] for row in rows] == [*BASELINES, PROJECT]
    for row, expected, interval in zip(rows, result.rows, result.interval_rows, strict=True):
        assert float(row["mae_mean"]) == pytest.approx(expected.cells["mae"].mean, rel=1e-5)
        assert float(row["mae_std"]) == pytest.approx(expected.cells["mae"].std, rel=1e-5)
        assert float(row["interval_coverage_mean"]) == pytest.approx(interval.cells["coverage"].mean, rel=1e-5)
        assert row["interval_coverage_std"] == ""  # one fold has none
        assert int(row["num_rankings"]) == expected.num_rankings


def test_a_folder_that_cannot_be_is_an_error(complete: tuple[Suite, Result], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ZoographError, match=r"file' cannot be written .* --out"):
        write_files(*complete, tmp_path / "file")


def test_a_write_that_fails_leaves_what_was_there(
    complete: tuple[Suite, Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toy.json").write_text("before")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(ZoographError, match="No space left on device"):
        write_files(*complete, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["toy.json"]
    assert (tmp_path / "toy.json").read_text() == "before"
