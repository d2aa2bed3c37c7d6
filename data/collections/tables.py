"""Tables: a collection as six CSV files, one schema each, written atomically and read strictly."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO, TypeVar

from pydantic import BaseModel, ValidationError

from zoograph.data.errors import RawDataError
from zoograph.data.files.atomic import replace_file
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.fields import say_fault
from zoograph.data.records.records import ClassInfluence, Relation, Run, Score

Row = TypeVar("Row", bound=BaseModel)

# File name -> the rows that it holds; its columns are the fields of the schema, in their order.
TABLES: dict[str, type[BaseModel]] = {
    "models.csv": ModelCard,
    "datasets.csv": DatasetCard,
    "runs.csv": Run,
    "scores.csv": Score,
    "relations.csv": Relation,
    "influences.csv": ClassInfluence,
}

_GZIPPED = ".gz"
# Columns whose cells are lists or mappings, written as compact JSON.
_JSON_COLUMNS = frozenset(
    {
        "aliases",
        "modalities",
        "labels",
        "splits",
        "languages",
        "corpora",
        "derived_from",
        "imagenet",
        "speeds",
        "hyperparameters",
    }
)


def shipped_zoo() -> Path:
    """Return the folder of the tables that ship inside the package."""
    return Path(__file__).parents[1] / "zoo"


def table_files(folder: Path) -> list[Path]:
    """Return the files of the tables in a folder, each as it is there: gzipped or not."""
    return [_packed(folder / name) for name in TABLES]


def write_tables(collection: Collection, folder: Path, *, compressed: bool = False) -> None:
    """Write a collection as CSV tables: UTF-8, LF, sorted rows, each file replaced in one step.

    Args:
        collection: what to write; it is validated first, so that a bad one leaves the folder as it was.
        folder: made if it is missing.
        compressed: whether each file is gzipped and gets ``.gz`` behind its name.

    Raises:
        RawDataError: if the collection does not fit together, or the folder cannot be written.
    """
    collection.validate()
    parts = (getattr(collection, name.removesuffix(".csv")) for name in TABLES)
    texts = {name: _format(schema, rows) for (name, schema), rows in zip(TABLES.items(), parts, strict=True)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            if compressed:
                # Without a time of writing: the same tables are the same bytes.
                replace_file(folder / f"{name}{_GZIPPED}", gzip.compress(text.encode(), mtime=0))
            else:
                replace_file(folder / name, text)
    except OSError as error:
        raise RawDataError(
            f"The tables need a folder that can be written (got '{folder}': {error.strerror}). Choose another."
        ) from error


def read_tables(folder: Path) -> Collection:
    """Read and validate the tables that :func:`write_tables` wrote.

    Raises:
        RawDataError: naming file and line, if a table is missing or a row does not fit its schema.
    """
    parts: dict[str, Any] = {
        name.removesuffix(".csv"): read_table(folder / name, schema) for name, schema in TABLES.items()
    }
    return Collection(**parts).validate()


def read_rows(path: Path, columns: Sequence[str], *, short_rows: bool = False) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a CSV file with the line that each ends on.

    Args:
        path: a UTF-8 file with a header.
        columns: names that the header must have, others may be there too.
        short_rows: whether a row with missing cells is yielded, filled with empty text, instead of refused.

    Raises:
        RawDataError: if the file cannot be read, a column is missing or a row has another number of cells.
    """
    try:
        with _open_text(path) as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            missing = [name for name in columns if name not in header]
            if missing:
                raise RawDataError(
                    f"The table '{path}' needs a column '{missing[0]}' "
                    f"(got {', '.join(header) or 'an empty file'}). Fetch the file again."
                )
            for cells in reader:
                if len(cells) != len(header) and not (short_rows and len(cells) < len(header)):
                    raise RawDataError(
                        f"The row at '{path}', line {reader.line_num}, needs {len(header)} cells "
                        f"(got {len(cells)}). Correct or remove the row."
                    )
                cells += [""] * (len(header) - len(cells))
                yield reader.line_num, dict(zip(header, cells, strict=True))
    except OSError as error:
        raise RawDataError(
            f"The table '{path}' is needed and must be readable (got: {error.strerror}). Check the folder."
        ) from error
    except (csv.Error, UnicodeDecodeError, EOFError, zlib.error) as error:
        raise RawDataError(
            f"The table '{path}' needs to be a UTF-8 CSV file (got: {error}). Fetch the file again."
        ) from error


def make_row(schema: type[Row], fields: dict[str, Any], path: Path, line: int) -> Row:
    """Validate one row, and name its file and line if it does not fit.

    Raises:
        RawDataError: with the first field that is wrong.
    """
    try:
        return schema.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "row"
        raise RawDataError(
            f"The value of '{field}' at '{path}', line {line}, does not fit: {say_fault(first)} "
            f"(got {first['input']!r}). Correct or remove the row."
        ) from error


def read_table(path: Path, schema: type[Row]) -> tuple[Row, ...]:
    """Read and validate one table; the gzipped one beside ``path``, if there is one.

    A table may lack a column that its rows need not have: those that an older version wrote stay readable.

    Raises:
        RawDataError: naming file and line, if it is missing or a row does not fit.
    """
    columns = tuple(name for name, field in schema.model_fields.items() if field.is_required())
    path = _packed(path)
    rows = []
    for line, cells in read_rows(path, columns):
        fields: dict[str, Any] = {name: cell for name, cell in cells.items() if cell}
        for name in _JSON_COLUMNS & fields.keys():
            try:
                fields[name] = json.loads(fields[name])
            except ValueError as error:
                raise RawDataError(
                    f"The value of '{name}' at '{path}', line {line}, needs to be JSON "
                    f"(got {fields[name]!r}). Correct or remove the row."
                ) from error
        rows.append(make_row(schema, fields, path, line))
    return tuple(rows)


def _packed(path: Path) -> Path:
    """Return the gzipped file beside ``path`` if there is one."""
    packed = path.with_name(f"{path.name}{_GZIPPED}")
    return packed if packed.exists() else path


def _format(schema: type[BaseModel], rows: Sequence[BaseModel]) -> str:
    columns = tuple(schema.model_fields)
    cells = ([_cell(value) for value in row.model_dump(mode="json").values()] for row in rows)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(sorted(cells))
    return buffer.getvalue()


def _cell(value: Any) -> str:
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return repr(value) if isinstance(value, float) else str(value)


def _open_text(path: Path) -> TextIO:
    if path.suffix == _GZIPPED:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")
