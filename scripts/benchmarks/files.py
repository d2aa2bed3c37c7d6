"""A benchmark as files: its tables for machines, and pictures for people."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import re
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoograph.scripts.pictures.style import to_png
from zoograph.scripts.terminal.files import write_file, write_into
from zoograph.scripts.terminal.messages import warn

if TYPE_CHECKING:
    from zoograph.training.evaluation.suites import Result, Suite


def write_files(suite: Suite, result: Result, out: Path) -> list[Path]:
    """Write a benchmark's JSON and CSV, and its pictures if the project's predictor took part.

    Every file is written whole or not at all.

    Args:
        suite: what was run.
        result: its answers and its table.
        out: folder, made if it is not there.

    Returns:
        The files, JSON and CSV first.

    Raises:
        ZoographError: if the folder cannot be written to.
    """
    from zoograph.scripts.pictures.benchmark import draw_figures
    from zoograph.training.evaluation.table import PROJECT

    tables = {f"{suite.name}.json": _as_json(result), f"{suite.name}.csv": _as_csv(result)}
    write_into(out, tables)
    files = [out / name for name in tables]
    if all(answer.method != PROJECT for answer in result.answers):
        warn(f"There are no pictures: they are of '{PROJECT}', which is not among the methods.")
        return files
    for name, figure in draw_figures(suite, result):
        files.append(out / f"{suite.name}-{name}.png")
        write_file(files[-1], to_png(figure))
    return files


def _as_json(result: Result) -> str:
    import torch

    about = {
        "command": _command(sys.argv),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "zoograph": version("zoograph"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "machine": {"cpus": os.cpu_count(), "architecture": platform.machine()},
    }
    return json.dumps({**about, **result.as_dict()}, indent=1, allow_nan=False) + "\n"


def _command(arguments: Sequence[str]) -> str | None:
    """Return the command as it was typed, with files and folders by their last names; None if there was none."""
    if arguments[1:2] != ["benchmark"]:
        return None
    return shlex.join(["zoograph", *(_without_folder(word) for word in arguments[1:])])


def _without_folder(word: str) -> str:
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    return option + equals + re.split(r"[/\\]", value.rstrip("/\\"))[-1]


def _as_csv(result: Result) -> str:
    """Return a row a method; the metrics of cells on which intervals alone are judged begin with ``interval_``."""
    intervals = {row.method: row for row in result.interval_rows}
    lines = []
    for row in result.rows:
        line: dict[str, Any] = row.model_dump(exclude={"cells"})
        inner = intervals[row.method].cells if row.method in intervals else {}
        for prefix, cells in (("", row.cells), ("interval_", inner)):
            for name, cell in cells.items():
                line[f"{prefix}{name}_mean"], line[f"{prefix}{name}_std"] = cell.mean, cell.std
        lines.append({key: f"{value:.6g}" if isinstance(value, float) else value for key, value in line.items()})
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for line in lines for key in line)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()
