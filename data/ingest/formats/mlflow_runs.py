"""Runs of MLflow, from its folders, databases and servers, as a table to ingest."""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from zoograph.data.errors import RawDataError, UnknownName, ZoographError
from zoograph.data.files.counts import count_of
from zoograph.data.ingest.formats.mlflow_stores import (
    DatabaseStore,
    FolderStore,
    MlflowRun,
    open_database,
    open_sqlite,
    require_there,
)
from zoograph.data.ingest.formats.value_columns import METRICS
from zoograph.data.ingest.tables import Keep, Row, RowTable, Table
from zoograph.data.records.naming.names import NEAREST

_PAGE = 1_000
_LONGEST_REASON = 200
_DATABASES = frozenset({"sqlite", "postgresql", "postgres", "mysql", "mssql"})
# MLflow tries for minutes before it says that nobody answers.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}


def read_mlflow(uri: str, experiment: str | None = None, keep: Keep | None = None) -> Table:
    """Return the finished runs of an MLflow store, one a row; the store is left as it is.

    Parameters and tags are columns by their names, metrics by ``metrics.`` and one value of their history. A run is
    told from another by ``mlflow_run``, so that repeats are kept. A run without a metric, such as the parent of a
    sweep, is no row.

    Args:
        uri: a folder such as ``mlruns``, a database, or a server. Only a server needs the package.
        experiment: its name; None for all.
        keep: which value of a metric counts, by default the last one.

    Raises:
        ZoographError: if there is no store, it cannot be read, there is no such experiment, or nothing was measured
            there.
    """
    keep = keep or Keep.LAST
    with _open_mlflow(uri.strip()) as store:
        known = store.experiments()
        if experiment is not None and experiment not in known:
            nearest = difflib.get_close_matches(experiment, known, n=NEAREST, cutoff=0.0)
            raise UnknownName("experiment", experiment, nearest)
        chosen = known if experiment is None else {experiment: known[experiment]}
        rows = [
            _mlflow_row(run, f"mlflow {name}")
            for name, own in chosen.items()
            for run in store.runs(own, keep is Keep.BEST)
            if run.metrics
        ]
        unfinished = sum(store.count_unfinished(own) for own in chosen.values())
    passed = count_of(unfinished, "run of MLflow is not finished and was", "runs of MLflow are not finished and were")
    passed = f"{passed} passed over." if unfinished else ""
    if not rows:
        where = "" if experiment is None else f" in the experiment '{experiment}'"
        found = f" ({passed.rstrip('.')})" if passed else ""
        raise RawDataError(
            f"MLflow has no finished run with a metric{where}{found}. Log one, or name another experiment."
        )
    other = Keep.BEST if keep is Keep.LAST else Keep.LAST
    note = f"The {keep.value} value of each run in MLflow is its result; --keep {other.value} takes the {other.value}."
    notes = (note, passed) if passed else (note,)
    return RowTable("mlflow", [Row(line, cells) for line, cells in enumerate(rows, start=1)], notes)


def _mlflow_row(run: MlflowRun, source: str) -> dict[str, Any]:
    return {
        **{name: text for name, text in run.tags.items() if not name.startswith("mlflow.")},
        **run.params,
        **{f"{METRICS}{name}": value for name, value in run.metrics.items()},
        "mlflow_run": run.id,
        "source": source,
        "measured_at": _read_time(run.ended),
    }


def _read_time(milliseconds: int | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
    except (ValueError, OverflowError, OSError):  # of no year that there is
        return None


@contextmanager
def _open_mlflow(uri: str) -> Iterator[FolderStore | DatabaseStore | _Server]:
    scheme = uri.partition(":")[0].lower()
    if scheme in ("http", "https") or scheme.startswith("databricks"):
        yield _Server(uri)
    elif scheme.partition("+")[0] in _DATABASES and "://" in uri:
        try:
            url = sa.make_url(uri)
        except (SQLAlchemyError, ValueError) as error:
            raise RawDataError(f"'{uri}' is no address of a database. Give one such as sqlite:///mlflow.db.") from error
        with open_database(url) as store:
            yield store
    elif "://" in uri and scheme != "file":
        raise RawDataError(f"'{uri}' is no address of MLflow: give a folder, sqlite:///FILE, or http://HOST:PORT.")
    else:
        path = Path(local_place(uri)).expanduser()
        require_there(path, uri)
        if path.is_dir():
            yield FolderStore(path)
        else:
            with open_sqlite(path) as store:
                yield store


def local_place(uri: str) -> str:
    """Return the path that an address says; an address of something else as it is."""
    if uri.lower().startswith("sqlite:///"):
        return uri[len("sqlite:///") :]
    if not uri.lower().startswith("file:"):
        return uri
    parts = urlsplit(uri)
    return url2pathname(("" if parts.netloc == "localhost" else parts.netloc) + parts.path)


class _Server:
    """A server of MLflow, asked through the package."""

    def __init__(self, uri: str) -> None:
        try:
            from mlflow import MlflowClient
            from mlflow.exceptions import MlflowException
        except ImportError as error:
            raise ZoographError(
                "Reading a server of MLflow needs the package: pip install 'zoograph[mlflow]'."
            ) from error
        self._uri, self._error = uri, MlflowException
        with self._told():
            self._client = MlflowClient(tracking_uri=uri)

    def experiments(self) -> dict[str, str]:
        """Return the ids of the experiments by their names."""
        with self._told():
            return {found.name: found.experiment_id for found in self._client.search_experiments()}

    def count_unfinished(self, experiment: str) -> int:
        """Return how many runs of an experiment, by its id, did not finish; deleted ones do not count."""
        return sum(1 for _ in self._search(experiment, "attributes.status != 'FINISHED'"))

    def runs(self, experiment: str, best: bool = False) -> Iterator[MlflowRun]:
        """Yield the finished runs of an experiment, by its id."""
        for run in self._search(experiment, "attributes.status = 'FINISHED'"):
            metrics = {
                name: self._best(run.info.run_id, name) if best else run.data.metrics[name] for name in run.data.metrics
            }
            yield MlflowRun(run.info.run_id, run.info.end_time, run.data.params, run.data.tags, metrics)

    def _search(self, experiment: str, query: str) -> Iterator[Any]:
        token = None
        while True:
            with self._told():
                page = self._client.search_runs([experiment], query, max_results=_PAGE, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _best(self, run: str, metric: str) -> float:
        with self._told():
            values = [entry.value for entry in self._client.get_metric_history(run, metric)]
        return max((value for value in values if value == value), default=math.nan)

    @contextmanager
    def _told(self) -> Iterator[None]:
        patience = {name: value for name, value in _PATIENCE.items() if name not in os.environ}
        os.environ.update(patience)
        try:
            yield
        except self._error as error:
            text = str(error).partition("\n")[0]
            reason = "it does not answer" if "API request to" in text else text.rstrip(".")[:_LONGEST_REASON]
            raise RawDataError(f"The server of MLflow at '{self._uri}' cannot be read: {reason}.") from error
        finally:
            for name in patience:
                del os.environ[name]
