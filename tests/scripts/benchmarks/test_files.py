"""`benchmark --out`: files that are whole, say nothing of the host, and pictures that can be read in print."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoograph.data.errors import ZoographError
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.folds import leave_one_dataset_out, missing_edges
from zoograph.models.gp.deep_kernel import KernelConfig
from zoograph.scripts.benchmarks import files as benchmark_files
from zoograph.scripts.benchmarks.files import write_files
from zoograph.scripts.pictures import benchmark as benchmark_figures
from zoograph.scripts.pictures.accuracy import Cells, draw_intervals, draw_predicted, draw_ranking
from zoograph.scripts.pictures.benchmark import draw_figures
from zoograph.scripts.pictures.graph import Axis, Places, draw_map, draw_matrix
from zoograph.scripts.pictures.style import to_png
from zoograph.training.evaluation.methods import METHODS
from zoograph.training.evaluation.suites import Result, Suite, run_suite
from zoograph.training.evaluation.table import PROJECT
from zoograph.training.predictors.exact import ExactPredictor, TrainingConfig

TINY = partial(ExactPredictor, TrainingConfig(num_members=2, num_iterations=(1, 1, 1), num_records=(60, 60)))
PICTURES = ("predicted", "ranking", "intervals", "matrix", "map")
BASELINES = ["model-mean", "linear-regression"]


def run(folder: Path, density: float) -> tuple[Suite, Result]:
    """Return a small benchmark; with all cells measured it asks for missing edges, else for whole datasets."""
    graph = build_graph(make_synthetic_zoo(7, 34, density=density).zoo, HashEmbedder(8))
    missing = missing_edges(graph, 0)
    suite = (
        Suite("toy", "Toy", graph, [*missing, *missing_edges(graph, 1)])
        if density == 1
        else Suite("toy", "Toy", graph, leave_one_dataset_out(graph, 0)[:3], missing)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METHODS, PROJECT, TINY)
        return suite, run_suite(suite, [*BASELINES, PROJECT], folder)


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> tuple[Suite, Result]:
    return run(tmp_path_factory.mktemp("complete"), density=1)


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> tuple[Suite, Result]:
    return run(tmp_path_factory.mktemp("sparse"), density=0.9)


@pytest.fixture(autouse=True)
def _tiny_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark_figures, "ExactPredictor", TINY)


def words(figure) -> list:
    """Return every text of a drawn figure that can be seen."""
    from matplotlib.text import Text

    figure.draw_without_rendering()
    return [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]


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


def test_without_matplotlib_tables_are_written(
    complete: tuple[Suite, Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    files = write_files(*complete, tmp_path)
    assert [path.suffix for path in files] == [".json", ".csv"]
    assert "pip install 'matplotlib>=3.9'" in caplog.text


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


# -- what is in the pictures --------------------------------------------------------------------


def test_every_word_can_be_read_in_print(complete: tuple[Suite, Result], sparse: tuple[Suite, Result]) -> None:
    for suite, result in (complete, sparse):
        for name, figure in draw_figures(suite, result):
            assert figure.get_figwidth() == 7.0
            small = [text.get_text() for text in words(figure) if text.get_fontsize() < 8]
            assert small == [], name


def test_complete_zoo_shows_given_completed_and_measured(complete: tuple[Suite, Result]) -> None:
    suite, result = complete
    tables, models, datasets = benchmark_figures._matrices(suite, result, TINY())
    (title, given), (_, completed), (_, measured) = tables.items()
    assert title == f"given (seed 0): {100 * float((~suite.folds[0].held_out).float().mean()):.0f} %"
    assert measured.shape == (len(models.names), len(datasets.names)) == (7, 34)
    assert not np.isnan(measured).any()
    assert not np.isnan(completed).any()
    hidden = np.isnan(given)
    assert hidden.sum() == int(suite.folds[0].held_out.sum())
    assert np.array_equal(given[~hidden], measured[~hidden])
    assert np.array_equal(completed[~hidden], measured[~hidden])
    assert not np.allclose(completed[hidden], measured[hidden])
    assert set(datasets.groups) <= set(suite.graph.vocabulary["dataset"])


def test_sparse_zoo_shows_measured_and_completed(sparse: tuple[Suite, Result]) -> None:
    suite, result = sparse
    tables, *_ = benchmark_figures._matrices(suite, result, TINY().fit(suite.graph))
    measured, completed = tables.values()
    hidden = np.isnan(measured)
    assert int((~hidden).sum()) == suite.graph["model", "transfers_to", "dataset"].num_edges
    assert np.array_equal(completed[~hidden], measured[~hidden])
    assert ((completed >= 0) & (completed <= 1)).all()


def test_intervals_are_those_of_known_datasets(complete: tuple[Suite, Result], sparse: tuple[Suite, Result]) -> None:
    suite, result = complete
    cold = sum(int(fold.cold.sum()) for fold in suite.folds)
    cells = [benchmark_figures._cells(suite.graph, result.answers, PROJECT, warm=warm) for warm in (False, True)]
    assert len(cells[0].mean) - len(cells[1].mean) == cold > 0
    assert set(cells[1].fold) == {0, 1}
    assert len(dict(draw_figures(*sparse))) == len(PICTURES)


def test_map_shows_the_embeddings_of_every_node(complete: tuple[Suite, Result]) -> None:
    suite, _ = complete
    predictor = TINY().fit(suite.graph)
    embeddings = predictor.embeddings()
    for kind, rows, places in zip(
        ("model", "dataset"), embeddings, benchmark_figures._maps(suite.graph, predictor), strict=True
    ):
        assert rows.shape == (suite.graph[kind].num_nodes, 4)
        assert places.places.shape == (len(rows), 2)
        centred = (rows - rows.mean(0)).numpy()
        assert np.linalg.norm(places.places) <= np.linalg.norm(centred) * (1 + 1e-6)
        assert np.allclose(places.places.mean(0), 0, atol=1e-8)
        assert np.abs(places.places[:, 0]).max() == places.places[:, 0].max()
    assert all(np.array_equal(a, b) for a, b in zip(embeddings, predictor.embeddings(suite.graph), strict=True))


def test_without_embeddings_there_is_no_map(complete: tuple[Suite, Result]) -> None:
    config = TrainingConfig(kernel=KernelConfig(gnn=False), num_members=2, num_iterations=(1, 1, 1))
    with pytest.raises(ValueError, match=r"without embeddings: set 'kernel\.gnn'"):
        ExactPredictor(config).fit(complete[0].graph).embeddings()


def make_cells(method: str = "a") -> Cells:
    measured = np.linspace(0, 1, 50)
    return Cells(method, measured, measured + 0.1, measured + 0.05, measured + 0.15, np.arange(50) % 2)


def test_predicted_says_the_error() -> None:
    texts = [text.get_text() for text in words(draw_predicted([make_cells("a"), make_cells("b")]))]
    assert {"a: MAE 0.1000", "b: MAE 0.1000", "Cells that were never given: 50"} <= set(texts)


def test_many_cells_are_counted() -> None:
    cells = make_cells()
    many = Cells("a", *(np.tile(part, 100) for part in cells[1:]))
    assert "cells" in [text.get_text() for text in words(draw_predicted([many]))]


@pytest.mark.parametrize("count", [3, 40])
def test_ranking_names_few_datasets_and_sorts_many(count: int) -> None:
    ours = {f"d{i}": i / 50 for i in range(count)}
    theirs = {name: value - 0.1 for name, value in ours.items()}
    figure = draw_ranking({"a": ours, "b": theirs}, {"a": 0.5, "b": 0.4}, ceiling=0.9)
    texts = {text.get_text() for text in words(figure)}
    assert {"a, mean 0.500", "b, mean 0.400", "noise ceiling, mean 0.900"} <= texts
    assert ({"d0", "d1", "d2"} <= texts) == (count == 3)
    assert ("a ahead on 100 % of 40" in texts) == (count == 40)


def test_ranking_of_one_method_alone() -> None:
    assert len(to_png(draw_ranking({"a": {f"d{i}": i / 50 for i in range(40)}}, {"a": 0.5}))) > 1000


def test_intervals_say_how_many_hold() -> None:
    texts = {text.get_text() for text in words(draw_intervals([make_cells()]))}
    assert "a: 0.0 % inside, mean width 0.100" in texts


def test_matrix_is_ordered_by_group_and_mean_and_hides_what_is_missing() -> None:
    measured = np.array([[0.1, 0.9, 0.5], [0.2, 0.8, 0.7]])
    given = measured.copy()
    given[0, 1] = np.nan
    models = Axis("model", ["low", "high"], ["", ""])
    datasets = Axis("dataset", ["s1", "p1", "s2"], ["sketch", "photo", "sketch"])
    figure = draw_matrix({"given": given, "measured": measured}, models, datasets)
    left, right = figure.axes[:2]
    assert right.images[0].get_array().tolist() == [[0.8, 0.9], [0.7, 0.5], [0.2, 0.1]]
    assert left.images[0].get_array().mask.tolist() == [[False, True], [False, False], [False, False]]
    assert [text.get_text() for text in left.get_xticklabels()] == ["high", "low"]
    assert [text.get_text() for text in left.get_yticklabels()] == ["p1", "s2", "s1"]
    assert any(patch.get_hatch() for patch in left.patches)


def test_names_on_the_map_do_not_overlap() -> None:
    rng = np.random.default_rng(0)
    names = [f"owner/a model with a long name {i}" for i in range(60)]
    figure = draw_map([Places("models", names, rng.normal(size=(60, 2)), [f"g{i % 9}" for i in range(60)])])
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = [text.get_window_extent() for text in axes.texts]
    assert 5 < len(boxes) < 60
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    shown = [text.get_text() for text in axes.get_legend().get_texts()]
    assert len(shown) == 7
    assert shown[-1] == "other or not known"
    assert all(not text.get_text().startswith("owner") and len(text.get_text()) <= 26 for text in axes.texts)
