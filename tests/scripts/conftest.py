"""What the commands that look at images start from: a folder of pictures, and weights of a small network."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from safetensors.torch import save_file

from zoograph.data.files.optional_imports import import_torchvision
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.folds import leave_one_dataset_out, missing_edges
from zoograph.scripts.main import main
from zoograph.scripts.terminal import output
from zoograph.scripts.terminal.printed import tables
from zoograph.scripts.terminal.program import run as run_program
from zoograph.training.evaluation.methods import METHODS
from zoograph.training.evaluation.suites import Result, Suite, run_suite
from zoograph.training.evaluation.table import PROJECT
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig

ROOT = Path(__file__).resolve().parents[2]
ARCHITECTURE = "test_resnet"


@pytest.fixture(scope="session")
def documented() -> dict[str, set[str]]:
    """The fields that ``docs/json.md`` names, by command."""
    text = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    sections = {part.partition("\n")[0]: part for part in text.split("\n## ")[2:]}
    return {name: set(re.findall(r"^\| `(\w+)` \|", part, flags=re.MULTILINE)) for name, part in sections.items()}


@pytest.fixture(autouse=True)
def _json_as_documented(documented: dict[str, set[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a command prints as JSON in a test has the fields of the page, and no others."""
    make_document = output.make_document

    def checked(command: str, content: Mapping[str, Any], notes: Sequence[str]) -> dict[str, Any]:
        optional = {"scores"} if command == "benchmark" else set()
        found, expected = set(content) | optional, documented[command] | optional
        assert found == expected, f"docs/json.md says otherwise of '{command}': {found ^ expected}"
        return make_document(command, content, notes)

    monkeypatch.setattr(output, "make_document", checked)


@pytest.fixture(autouse=True)
def _tables_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever table a command prints in a test fits 60 and 80 columns too, and squeezes no name."""
    set_tables = tables.set_tables

    def checked(columns: list[Any], width: int, *rest: Any) -> Any:
        for narrow in (60, 80):
            console = Console(width=narrow, file=io.StringIO())
            for table in set_tables(columns, narrow, *rest):
                console.print(table)
            text = console.file.getvalue()
            assert max(map(cell_len, text.splitlines())) <= narrow, f"{text}is wider than {narrow}"
            starts = [
                set_cell_size(cell, column.least) for column in columns if column.is_name for cell in column.cells
            ]
            assert [start for start in starts if start.rstrip() not in text] == [], text
        return set_tables(columns, width, *rest)

    monkeypatch.setattr(tables, "set_tables", checked)


@pytest.fixture
def animals(tmp_path: Path, paint_classes: Callable[[Path], Path]) -> Path:
    """A folder of 3 x 10 images whose classes have a tint each."""
    return paint_classes(tmp_path / "animals")


@pytest.fixture(scope="session")
def _weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import_torchvision()
    import timm

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "mine.safetensors"
    save_file(timm.create_model(ARCHITECTURE, num_classes=7).state_dict(), path)
    return path


@pytest.fixture
def mine(_weights: Path) -> tuple[str, ...]:
    """The options that choose a small network with weights of its own."""
    return ("--models", ARCHITECTURE, "--weights", str(_weights))


@pytest.fixture
def run_zoograph(run_predict: Callable[..., Any]) -> Callable[..., Any]:
    """A callable that runs ``zoograph`` in this process."""
    return partial(run_predict, entry=main)


@pytest.fixture
def run_command(run_predict: Callable[..., Any]) -> Callable[..., Any]:
    """A callable that runs a function as a command of its own."""

    def run(command: Callable[..., None], *arguments: str) -> Any:
        app = typer.Typer(pretty_exceptions_enable=False)
        app.command()(command)
        return run_predict(*arguments, entry=partial(run_program, app))

    return run


TINY = partial(EvidencePredictor, TrainingConfig(num_steps=3, num_records=60))


def _benchmark(folder: Path, density: float) -> tuple[Suite, Result]:
    graph = build_graph(make_synthetic_zoo(7, 34, density=density).zoo, HashEmbedder(8))
    missing = missing_edges(graph, 0)
    suite = (
        Suite("toy", "Toy", graph, [*missing, *missing_edges(graph, 1)])
        if density == 1
        else Suite("toy", "Toy", graph, leave_one_dataset_out(graph, 0)[:3], missing)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METHODS, PROJECT, TINY)
        return suite, run_suite(suite, ["model-mean", "linear-regression", PROJECT], folder)


@pytest.fixture(scope="session")
def complete(tmp_path_factory: pytest.TempPathFactory) -> tuple[Suite, Result]:
    """A small benchmark with all cells measured, which asks for missing edges."""
    return _benchmark(tmp_path_factory.mktemp("complete"), density=1)


@pytest.fixture(scope="session")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> tuple[Suite, Result]:
    """A small benchmark with some cells measured, which asks for whole datasets."""
    return _benchmark(tmp_path_factory.mktemp("sparse"), density=0.9)


@pytest.fixture
def tiny_predictor(monkeypatch: pytest.MonkeyPatch) -> Callable[..., EvidencePredictor]:
    """What makes a predictor that is hardly trained, which the pictures of a benchmark use as well."""
    monkeypatch.setattr("zoograph.scripts.pictures.benchmark.EvidencePredictor", TINY)
    return TINY


@pytest.fixture
def words() -> Callable[[Any], list[Any]]:
    """A callable that returns every text of a drawn figure that can be seen, all of it inside the figure."""
    from matplotlib.text import Text

    def find(figure: Any) -> list[Any]:
        figure.draw_without_rendering()
        seen = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
        sides = [side for axes in figure.axes for side in (axes.xaxis, axes.yaxis)]
        marks = [tick for side in sides for tick in (*side.majorTicks, *side.minorTicks)]
        ticks = {label for tick in marks for label in (tick.label1, tick.label2)}
        boxes = [(text.get_text(), text.get_window_extent()) for text in seen if text not in ticks]
        width, height = figure.bbox.width + 1, figure.bbox.height + 1
        assert [word for word, box in boxes if min(box.x0, box.y0) < -1 or box.x1 > width or box.y1 > height] == []
        return seen

    return find
