"""What tests of formats get: files, the cells of a table, and what a table leaves in the small zoo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.ingest.ingest import IngestReport, IngestSettings, ingest
from zoograph.data.ingest.tables import Row, Table
from zoograph.data.store.store import RecordStore

_COLUMNS = ("batch", "model", "dataset", "protocol", "metric", "value", "hyperparameters", "source")


@pytest.fixture
def write() -> Callable[[Path, str], Path]:
    """A callable that writes a text to a file, whose folder it makes, and returns the file."""

    def write_text(path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_text


@pytest.fixture
def cells() -> Callable[[Table], list[dict[str, Any]]]:
    """A callable that returns the cells of each row that is not turned away."""
    return lambda table: [dict(row.cells) for row in table.rows() if isinstance(row, Row)]


@pytest.fixture
def ingest_table(toy_store: RecordStore) -> Callable[[Table], IngestReport]:
    """A callable that ingests a table into the small zoo."""
    return lambda table: ingest(toy_store, [table], IngestSettings())


@pytest.fixture
def stored(toy_store: RecordStore) -> Callable[[], list[tuple[Any, ...]]]:
    """A callable that returns the runs of the small zoo that did not ship, sorted."""

    def own() -> list[tuple[Any, ...]]:
        rows = (row for part in toy_store.stream_runs(_COLUMNS) for row in part)
        return sorted((row[1:] for row in rows if row[0] != "shipped"), key=str)

    return own
