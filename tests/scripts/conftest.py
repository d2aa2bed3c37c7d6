"""What the commands that look at images start from: a folder of pictures, and weights of a small network."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import typer
from PIL import Image
from safetensors.torch import save_file

from zoograph.data.optional_imports import import_torchvision
from zoograph.scripts.main import main
from zoograph.scripts.terminal import output
from zoograph.scripts.terminal.program import run as run_program

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


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    """A folder of 3 x 10 images whose classes have a tint each."""
    random = np.random.default_rng(0)
    for place, name in enumerate(("cat", "dog", "owl")):
        (tmp_path / "animals" / name).mkdir(parents=True)
        for row in range(10):
            pixels = random.integers(0, 80, (24, 24, 3), dtype=np.uint8)
            pixels[..., place] += 120
            Image.fromarray(pixels).save(tmp_path / "animals" / name / f"{row}.png")
    return tmp_path / "animals"


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
