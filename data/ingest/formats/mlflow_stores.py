"""MLflow's stores on disk and in databases, read as they are: MLflow itself makes and upgrades what it opens."""

from __future__ import annotations

import logging
import math
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
import yaml
from sqlalchemy.exc import SQLAlchemyError

from zoograph.data.errors import RawDataError, ZoographError

_log = logging.getLogger(__name__)
_ACTIVE = "active"
_FINISHED = (3, "3", "FINISHED")  # the number in files, the word in databases
_SQLITE = b"SQLite format 3\0"
_TABLES = frozenset({"experiments", "runs", "params", "tags", "metrics", "latest_metrics"})
_OF_RUNS = (
    "JOIN runs r ON r.run_uuid = t.run_uuid "
    "WHERE r.experiment_id = :experiment AND r.status = 'FINISHED' AND r.lifecycle_stage = 'active'"
)


@dataclass
class MlflowRun:
    """A finished run.

    Attributes:
        id: of the run.
        ended: in milliseconds since 1970; None if it is not known.
        params: by name, as text.
        tags: likewise.
        metrics: by name, the last value or the best.
    """

    id: str
    ended: int | None = None
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)


class FolderStore:
    """Experiments in a folder such as ``mlruns``: a file each for a parameter, a tag and the history of a metric.

    Raises:
        RawDataError: if it is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._active = folder, dict[str, list[tuple[Path, Mapping[str, Any]]]]()
        if not _experiment_folders(folder):
            near = [folder / "mlruns", folder / "mlflow.db", *(folder.parents[:2] if _read_meta(folder) else ())]
            inside = next((path for path in near if path.is_file() or (path.is_dir() and _is_store(path))), None)
            advice = f"Did you mean '{inside}'?" if inside else "Give the folder that MLflow calls mlruns."
            raise RawDataError(f"'{folder}' is no store of MLflow: no experiment is in it. {advice}")

    def experiments(self) -> dict[str, str]:
        """Return the ids of the experiments that were not deleted, by their names."""
        _warn_of_unreadable(self._folder)
        found = {path: _read_meta(path) for path in _experiment_folders(self._folder)}
        return {
            str(meta.get("name", path.name)): path.name
            for path, meta in found.items()
            if meta.get("lifecycle_stage", _ACTIVE) == _ACTIVE
        }

    def count_unfinished(self, experiment: str) -> int:
        """Return how many runs of an experiment, by its id, did not finish; deleted ones do not count."""
        return sum(meta.get("status") not in _FINISHED for _, meta in self._active_runs(experiment))

    def runs(self, experiment: str, best: bool = False) -> Iterator[MlflowRun]:
        """Yield the finished runs of an experiment, by its id."""
        _warn_of_unreadable(self._folder / experiment)
        with _told(f"The runs in '{self._folder / experiment}'"):
            for folder, meta in self._active_runs(experiment):
                if meta.get("status") not in _FINISHED:
                    continue
                ended = meta.get("end_time")
                yield MlflowRun(
                    str(meta.get("run_id", folder.name)),
                    ended if isinstance(ended, int) else None,
                    dict(_read_texts(folder / "params")),
                    dict(_read_texts(folder / "tags")),
                    {name: _last_or_best(text, best) for name, text in _read_texts(folder / "metrics")},
                )

    def _active_runs(self, experiment: str) -> list[tuple[Path, Mapping[str, Any]]]:
        """Return the runs that were not deleted, each with what its file says; files are read once."""
        if experiment not in self._active:
            with _told(f"The runs in '{self._folder / experiment}'"):
                folders = sorted(path for path in (self._folder / experiment).iterdir() if path.is_dir())
                found = [(folder, meta) for folder in folders if (meta := _read_meta(folder))]
            self._active[experiment] = [run for run in found if run[1].get("lifecycle_stage", _ACTIVE) == _ACTIVE]
        return self._active[experiment]


def _experiment_folders(folder: Path) -> list[Path]:
    with _told(f"'{folder}'"):
        return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and _is_experiment(path))


def _is_store(folder: Path) -> bool:
    return bool(_experiment_folders(folder))


def _is_experiment(folder: Path) -> bool:
    meta = _read_meta(folder)
    return "experiment_id" in meta and not meta.keys() & {"run_id", "run_uuid"}


def _warn_of_unreadable(folder: Path) -> None:
    with _told(f"'{folder}'"):
        inner = sorted(path for path in folder.iterdir() if (path / "meta.yaml").is_file())
    if unreadable := [path.name for path in inner if not _read_meta(path)]:
        _log.warning("Passed over, because 'meta.yaml' cannot be read, in '%s': %s.", folder, ", ".join(unreadable[:5]))


def _read_meta(folder: Path) -> Mapping[str, Any]:
    try:
        meta = yaml.safe_load((folder / "meta.yaml").read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return meta if isinstance(meta, dict) else {}


def _read_texts(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8", errors="replace").rstrip("\n")


def _last_or_best(history: str, best: bool) -> float:
    """Return one value of a history whose lines are time, value and step."""
    values = list[tuple[int, int, float]]()
    for line in history.splitlines():
        parts = line.split()
        try:
            values.append((int(parts[2]) if len(parts) > 2 else 0, int(parts[0]), float(parts[1])))
        except (ValueError, IndexError):
            continue
    numbers = [value for _, _, value in values if not math.isnan(value)]
    if best and numbers:
        return max(numbers)
    return max(values, key=lambda entry: entry[:2])[2] if values else math.nan


class DatabaseStore:
    """Experiments in a database; nothing but SELECT is said to it, and a file of SQLite is opened to be read alone.

    Args:
        connection: to the database.
        name: to call it by.

    Raises:
        RawDataError: if it is no database of MLflow.
    """

    def __init__(self, connection: sa.Connection, name: str) -> None:
        self._connection, self._name = connection, name
        with _told(f"The database '{name}'"):
            if missing := sorted(_TABLES - set(sa.inspect(connection).get_table_names())):
                raise RawDataError(
                    f"'{name}' is no database of MLflow: it has no table '{missing[0]}'. Give that of a tracking store."
                )

    def experiments(self) -> dict[str, str]:
        """Return the ids of the experiments that were not deleted, by their names."""
        return {
            name: str(id)
            for id, name in self._select(
                "SELECT experiment_id, name FROM experiments WHERE lifecycle_stage = 'active' ORDER BY experiment_id"
            )
        }

    def count_unfinished(self, experiment: str) -> int:
        """Return how many runs of an experiment, by its id, did not finish; deleted ones do not count."""
        query = "SELECT COUNT(*) FROM runs WHERE experiment_id = :experiment AND lifecycle_stage = 'active'"
        ((count,),) = self._select(f"{query} AND status <> 'FINISHED'", {"experiment": int(experiment)})
        return int(count)

    def runs(self, experiment: str, best: bool = False) -> Iterator[MlflowRun]:
        """Yield the finished runs of an experiment, by its id."""
        asked = {"experiment": int(experiment)}
        select = "SELECT t.run_uuid, t.key, t.value"
        runs = {
            id: MlflowRun(id, ended)
            for id, ended in self._select(
                f"SELECT t.run_uuid, t.end_time FROM runs t {_OF_RUNS} ORDER BY t.start_time, t.run_uuid", asked
            )
        }
        # A run that finishes in between is in later answers alone, and not among those that are read.
        for table in ("params", "tags"):
            for id, name, text in self._select(f"{select} FROM {table} t {_OF_RUNS}", asked):
                if id in runs:
                    getattr(runs[id], table)[name] = text
        for id, name, value, is_nan in self._select(f"{select}, t.is_nan FROM latest_metrics t {_OF_RUNS}", asked):
            if id in runs:
                runs[id].metrics[name] = math.nan if is_nan or value is None else float(value)
        if best:
            query = f"SELECT t.run_uuid, t.key, MAX(t.value), t.is_nan FROM metrics t {_OF_RUNS}"
            for id, name, value, is_nan in self._select(f"{query} GROUP BY t.run_uuid, t.key, t.is_nan", asked):
                if id in runs and not is_nan and value is not None:
                    runs[id].metrics[name] = float(value)
        yield from runs.values()

    def _select(self, query: str, values: Mapping[str, Any] | None = None) -> list[Any]:
        with _told(f"The database '{self._name}'"):
            return list(self._connection.execute(sa.text(query), values or {}))


@contextmanager
def open_database(url: sa.URL) -> Iterator[DatabaseStore]:
    """Yield the store in a database.

    Raises:
        ZoographError: if there is none, its driver is not installed, or it refuses.
    """
    if url.get_backend_name() == "sqlite":
        require_there(Path(url.database or ""), url.database or "")
        with open_sqlite(Path(url.database or "")) as store:
            yield store
        return
    name = url.render_as_string(hide_password=True)
    plain = url.drivername in ("postgresql", "postgres")
    try:
        engine = sa.create_engine(url.set(drivername="postgresql+psycopg") if plain else url)
    except ImportError as error:
        raise ZoographError(f"'{name}' needs a driver for its database: {error}. Install it with pip.") from error
    try:
        with _told(f"The database '{name}'"), engine.connect() as connection:
            yield DatabaseStore(connection, name)
    finally:
        engine.dispose()


@contextmanager
def open_sqlite(path: Path) -> Iterator[DatabaseStore]:
    """Yield the store in a file of SQLite, which is left as it is, and nothing is made beside it.

    Raises:
        RawDataError: if it is no such file.
    """
    require_there(path, str(path))
    with _told(f"'{path}'"), path.open("rb") as file:
        head = file.read(20)
    if not head.startswith(_SQLITE):
        raise RawDataError(f"'{path}' is no database of SQLite. Give the one that MLflow writes, such as mlflow.db.")
    log = path.with_name(f"{path.name}-wal")
    with tempfile.TemporaryDirectory() as folder, _told(f"The database '{path}'"):
        options = "mode=ro"
        if head[18:20] == b"\2\2":  # with a log that is written ahead, which even a reader makes files for
            options = "immutable=1"
            if log.exists() and log.stat().st_size:
                copied = Path(folder) / path.name
                for source in (path, log):
                    shutil.copyfile(source, copied.with_name(source.name))
                path, options = copied, "mode=ro"
        address = f"file:{quote(str(path.resolve()))}?{options}"
        engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True))
        try:
            with engine.connect() as connection:
                yield DatabaseStore(connection, str(path))
        finally:
            engine.dispose()


def require_there(path: Path, name: str) -> None:
    """Raise unless something is at a path.

    Raises:
        RawDataError: if nothing is there.
    """
    if not path.exists() or not name:
        raise RawDataError(
            f"There is nothing at '{name}'. Give the folder of an MLflow store, its database as sqlite:///FILE, or the "
            "address of a server."
        )


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, SQLAlchemyError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise RawDataError(f"{what} cannot be read ({reason}). Check the address.") from error
