"""Runs of Weights & Biases, from its server or from an exported file, as a table to ingest."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoograph.data.errors import RawDataError, ZoographError
from zoograph.data.ingest.columns import show
from zoograph.data.ingest.formats.value_columns import METRICS
from zoograph.data.ingest.tables import CsvTable, JsonLinesTable, Reject, Row, RowTable, Table

# Columns of the table that Weights & Biases exports: what they are called elsewhere, and what is no setting.
_PLAIN_NAMES = {"ID": "id", "Name": "name", "State": "state", "Created": "created_at"}
_ABOUT_RUNS = frozenset({*_PLAIN_NAMES.values(), "Notes", "User", "Tags", "Runtime", "Sweep"})


def read_wandb(place: str) -> Table:
    """Return the finished runs of a Weights & Biases project, one a row.

    The configuration gives columns by its names, the summary by ``metrics.`` and its names. Histories are not read.

    Args:
        place: a file that was exported: the table's CSV, or CSV, JSON or JSON lines with ``config`` and ``summary`` of
            each run. Otherwise a project on the server, as ``entity/project``.

    Raises:
        ZoographError: if the file cannot be read, or wandb is not installed or refuses.
    """
    path = Path(place).expanduser()
    if path.suffix.lower() in (".csv", ".json", ".jsonl"):
        return _read_wandb_file(path)
    if path.exists():
        raise RawDataError(
            f"'{place}' is no exported file. Runs that were made offline are read once they are on the server: run "
            "'wandb sync' on their folder, and give 'entity/project', or an export of it."
        )
    try:
        import wandb
    except ImportError as error:
        raise ZoographError(
            f"'{place}' is no exported file, and reading a project needs the package: pip install 'zoograph[wandb]'."
        ) from error
    try:
        found = [
            {name: getattr(run, name, None) for name in ("id", "state", "created_at", "config", "summary_metrics")}
            for run in wandb.Api().runs(place)
        ]
    except (wandb.Error, ValueError) as error:
        raise RawDataError(f"The project '{place}' cannot be read: {error}. Give it as 'entity/project'.") from error
    return _wandb_table("wandb", [Row(line, run) for line, run in enumerate(found, start=1)])


def _read_wandb_file(path: Path) -> Table:
    if path.suffix.lower() == ".csv":
        table = CsvTable(path)
        return _wandb_table(path.name, table.rows(), table.decimal_comma)
    if path.suffix.lower() == ".jsonl":
        return _wandb_table(path.name, JsonLinesTable(path).rows())
    try:
        runs = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise RawDataError(f"'{path}' cannot be read ({error}). Give an export of runs.") from error
    if not isinstance(runs, list) or not all(isinstance(run, dict) for run in runs):
        raise RawDataError(f"'{path}' needs to be a list of runs. Give an export of runs.")
    return _wandb_table(path.name, [Row(line, run) for line, run in enumerate(runs, start=1)])


def _wandb_table(name: str, rows: Any, decimal_comma: bool = False) -> Table:
    read = [found for row in rows if (found := _read_wandb_row(row)) is not None]
    return RowTable(name, read, decimal_comma=decimal_comma)


def _read_wandb_row(row: Row | Reject) -> Row | Reject | None:
    """Return a run's row; None if it is not finished."""
    if isinstance(row, Reject):
        return row
    run = {_PLAIN_NAMES.get(name, name): cell for name, cell in row.cells.items()}
    if run.get("state", "finished") not in ("finished", "", None):
        return None
    summary = run.get("summary", run.get("summary_metrics"))
    about = {"source": "wandb", "wandb_run": run.get("id") or run.get("name"), "measured_at": run.get("created_at")}
    if "config" not in run or summary is None:
        flat = {name: cell for name, cell in run.items() if name not in _ABOUT_RUNS}
        return Row(row.line, {**flat, **about})
    try:
        config, metrics = _parse(run["config"]), _parse(summary)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return Reject(row.line, "configuration and summary need to be JSON or Python literals", show(row.cells))
    return Row(
        row.line,
        {
            **{name: _unwrap(value) for name, value in config.items() if not name.startswith("_")},
            **{f"{METRICS}{name}": value for name, value in metrics.items() if not name.startswith("_")},
            **about,
        },
    )


def _parse(cell: Any) -> Mapping[str, Any]:
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except ValueError:
            cell = ast.literal_eval(cell)  # as a frame of dictionaries is written to CSV
    if not isinstance(cell, dict):
        raise ValueError("no dictionary")
    return {str(name): value for name, value in cell.items()}


def _unwrap(value: Any) -> Any:
    """Return what a configuration file wraps with a description."""
    return value["value"] if isinstance(value, dict) and {"value"} <= value.keys() <= {"value", "desc"} else value
