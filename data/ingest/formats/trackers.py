"""Trackers: runs of MLflow and Weights & Biases as tables to ingest."""

from __future__ import annotations

import ast
import difflib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from zoograph.data.errors import RawDataError, UnknownName, ZoographError
from zoograph.data.ingest.columns import METRICS, show
from zoograph.data.ingest.tables import CsvTable, JsonLinesTable, Reject, Row, RowTable, Table
from zoograph.data.records.names import NEAREST

_PAGE = 1_000
# Columns of the table that Weights & Biases exports: what they are called elsewhere, and what is no setting.
_PLAIN_NAMES = {"ID": "id", "Name": "name", "State": "state", "Created": "created_at"}
_ABOUT_RUNS = frozenset({*_PLAIN_NAMES.values(), "Notes", "User", "Tags", "Runtime", "Sweep"})


def read_mlflow(uri: str, experiment: str | None = None) -> Table:
    """Return the finished runs of an MLflow store, one a row.

    Parameters and tags are columns by their names, metrics by ``metrics.`` and their last value. A run is told from
    another by ``mlflow_run``, so that repeats are kept. A run without a metric, such as the parent of a sweep, is no
    row.

    Args:
        uri: of the tracking server or store.
        experiment: its name; None for all.

    Raises:
        ZoographError: if MLflow is not installed, the store cannot be read, there is no such experiment, or nothing
            was measured there.
    """
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise ZoographError("Reading MLflow needs the package: pip install 'zoograph[mlflow]'.") from error
    try:
        client = MlflowClient(tracking_uri=uri)
        known = {found.name: found.experiment_id for found in client.search_experiments()}
        if experiment is not None and experiment not in known:
            nearest = difflib.get_close_matches(experiment, known, n=NEAREST, cutoff=0.0)
            raise UnknownName("experiment", experiment, nearest)
        chosen = known if experiment is None else {experiment: known[experiment]}
        rows = [row for name, own in chosen.items() for row in _mlflow_rows(client, own, f"mlflow {name}")]
    except MlflowException as error:
        raise RawDataError(f"MLflow cannot be read: {str(error).partition(chr(10))[0]} Check the address.") from error
    if not rows:
        where = "" if experiment is None else f" in the experiment '{experiment}'"
        raise RawDataError(f"MLflow has no finished run with a metric{where}. Log one, or name another experiment.")
    return RowTable("mlflow", [Row(line, cells) for line, cells in enumerate(rows, start=1)])


def _mlflow_rows(client: Any, experiment: str, source: str) -> Iterator[dict[str, Any]]:
    token = None
    while True:
        page = client.search_runs([experiment], "attributes.status = 'FINISHED'", max_results=_PAGE, page_token=token)
        for run in page:
            if not run.data.metrics:
                continue
            ended = run.info.end_time
            yield {
                **{name: text for name, text in run.data.tags.items() if not name.startswith("mlflow.")},
                **run.data.params,
                **{f"{METRICS}{name}": value for name, value in run.data.metrics.items()},
                "mlflow_run": run.info.run_id,
                "source": source,
                "measured_at": ended and datetime.fromtimestamp(ended / 1000, UTC),
            }
        token = page.token
        if not token:
            return


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
        return _wandb_table(path.name, CsvTable(path).rows())
    if path.suffix.lower() == ".jsonl":
        return _wandb_table(path.name, JsonLinesTable(path).rows())
    try:
        runs = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RawDataError(f"'{path}' cannot be read ({error}). Give an export of runs.") from error
    if not isinstance(runs, list) or not all(isinstance(run, dict) for run in runs):
        raise RawDataError(f"'{path}' needs to be a list of runs. Give an export of runs.")
    return _wandb_table(path.name, [Row(line, run) for line, run in enumerate(runs, start=1)])


def _wandb_table(name: str, rows: Any) -> Table:
    return RowTable(name, [read for row in rows if (read := _read_wandb_row(row)) is not None])


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
