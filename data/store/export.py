"""Export: every run of the store as one Parquet or CSV file, whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from zoograph.data.errors import RawDataError
from zoograph.data.files.atomic import replacing
from zoograph.data.files.csv_cells import guard
from zoograph.data.files.optional_imports import import_pyarrow
from zoograph.data.store.store import RecordStore

COLUMNS = (
    "model",
    "dataset",
    "protocol",
    "metric",
    "value",
    "train_size",
    "test_size",
    "seed",
    "hyperparameters",
    "measured_at",
    "source",
    "shots",
    "input_size",
    "repeats",
    "failure",
    "stored_at",
    "batch",
)
_WHOLE_NUMBERS = ("train_size", "test_size", "seed", "shots", "input_size", "repeats")
_SETTINGS = COLUMNS.index("hyperparameters")

Rows = Sequence[Sequence[Any]]


def export_runs(store: RecordStore, path: Path) -> int:
    """Write every run, as of one moment, in the order of their ids; the same store gives the same file.

    Values are fractions, times are in UTC, hyperparameters are JSON. In CSV, text that a spreadsheet would run as a
    formula gets an apostrophe in front; ``zoograph ingest`` takes it away again, and finds nothing new in the file.

    Args:
        store: what is read.
        path: ends in ``.parquet`` or ``.csv``; replaced in one step when everything is written.

    Returns:
        The number of runs.

    Raises:
        RawDataError: if the ending is another, or the file cannot be written; what was there is left as it was.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise RawDataError(f"'{path}' needs to end in one of {', '.join(_WRITERS)}. Choose another name.")
    try:
        with replacing(path) as temporary:
            return write(temporary, (_as_text(rows) for rows in store.stream_runs(COLUMNS)))
    except OSError as error:
        raise RawDataError(
            f"'{path}' cannot be written ({error.strerror or error}), and what was there is left as it was. "
            "Choose another place."
        ) from error


def _as_text(rows: Rows) -> Rows:
    """Return rows whose hyperparameters are JSON text, nothing if there are none."""
    return [tuple(_to_json(cell) if place == _SETTINGS else cell for place, cell in enumerate(row)) for row in rows]


def _to_json(settings: Mapping[str, Any]) -> str | None:
    return json.dumps(settings, sort_keys=True) if settings else None


def _write_csv(path: Path, parts: Iterable[Rows]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for rows in parts:
            writer.writerows([_cell(value) for value in row] for row in rows)
            count += len(rows)
    return count


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return guard(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _write_parquet(path: Path, parts: Iterable[Rows]) -> int:
    pa, parquet = import_pyarrow()
    moment = pa.timestamp("us", tz="UTC")
    kinds = {"value": pa.float64(), "measured_at": moment, "stored_at": moment}
    kinds |= dict.fromkeys(_WHOLE_NUMBERS, pa.int64())
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS])
    count = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in parts:
            columns = zip(*rows, strict=True)
            arrays = [pa.array(column, kind.type) for column, kind in zip(columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(rows)
    return count


_WRITERS: dict[str, Callable[[Path, Iterable[Rows]], int]] = {".parquet": _write_parquet, ".csv": _write_csv}
