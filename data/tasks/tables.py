"""Tables of samples: CSV, TSV, JSON Lines and Parquet, read whole."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from zoograph.data.files.counts import count_of
from zoograph.data.files.optional_imports import import_pyarrow
from zoograph.data.tasks.encoding import decode
from zoograph.data.tasks.task import TaskError

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
"""Of files that are tables, in small letters."""

_SEPARATORS = ",;\t|"
_LINE_ENDS = re.compile(r"\r\n|\n|\r")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Table:
    """Rows of a file or a split.

    Attributes:
        columns: name -> its cells, one a row.
        class_names: name of a column of numbers -> what these mean.
    """

    columns: Mapping[str, Sequence[Any]]
    class_names: Mapping[str, Sequence[str]] = field(default_factory=dict)


def read_table(path: Path) -> Table:
    """Return the rows of a file; lines that cannot be read are left out, counted and said.

    Raises:
        TaskError: if there is no such file, or if it holds no table.
    """
    return _read(path, stamp_of(path))


def stamp_of(path: Path) -> tuple[int, int]:
    """Return the time of a file's last change and its size; zeros if nothing is there."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=2)  # what a table holds is asked before it is opened
def _read(path: Path, stamp: tuple[int, int]) -> Table:
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = "a folder" if path.is_dir() else (error.strerror or error)
        raise TaskError(
            f"The table '{path}' must be a file that can be read (got: {reason}). Check the path."
        ) from error
    if path.suffix.lower() == ".parquet":
        return _read_parquet(path)
    try:
        text, guessed = decode(raw)
    except UnicodeDecodeError as error:
        raise TaskError(
            f"The table '{path}' must be text in UTF-8 (got bytes that are none, from byte {error.start:,} on). "
            "Save it as UTF-8."
        ) from error
    if guessed is not None:
        _log.warning("'%s' is not in UTF-8 and is read as %s: look at letters with accents.", path, guessed)
    table = _read_lines(path, text) if path.suffix.lower() in (".jsonl", ".ndjson") else _read_csv(path, text)
    if not table.columns or not len(next(iter(table.columns.values()))):
        raise TaskError(f"The table '{path}' must hold rows (got none). Check the file.")
    return table


def _read_csv(path: Path, text: str) -> Table:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    first = text.lstrip("\r\n").partition("\n")[0].rstrip("\r")
    separator = "\t" if path.suffix.lower() == ".tsv" else max(_SEPARATORS, key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]
    except csv.Error as error:
        raise TaskError(f"The table '{path}' must be CSV (got: {error}). Save it again.") from error
    header = [name.strip() for name in rows[0]] if rows else []
    if len(header) < 2 or "" in header or len(set(header)) < len(header):
        raise TaskError(
            f"The first line of '{path}' must name its columns, two at least and each once (got {first[:80]!r}). "
            "Add such a line."
        )
    whole = [row for row in rows[1:] if len(row) == len(header)]
    _warn_of_lines(path, len(rows) - 1 - len(whole), f"have not {len(header)} cells")
    return Table({name: [row[place] for row in whole] for place, name in enumerate(header)})


def _read_lines(path: Path, text: str) -> Table:
    # Other ends of lines, such as U+2028, may stand inside of a text.
    objects, lines = [], [line for line in _LINE_ENDS.split(text) if line.strip()]
    for line in lines:
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            objects.append(found)
    _warn_of_lines(path, len(lines) - len(objects), "hold no JSON object")
    names = list(dict.fromkeys(str(name) for found in objects for name in found))
    return Table({name: [found.get(name) for found in objects] for name in names})


def _read_parquet(path: Path) -> Table:
    pyarrow, parquet = import_pyarrow()
    try:
        held = parquet.read_table(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise TaskError(f"The table '{path}' must be a Parquet file (got: {error}). Write it again.") from error
    columns: dict[str, Sequence[Any]] = {name: held[name].to_pylist() for name in held.column_names}
    return Table(columns, _class_names((held.schema.metadata or {}).get(b"huggingface", b"{}")))


def _class_names(about: bytes) -> dict[str, Sequence[str]]:
    """Return the names of classes, by column, as the library ``datasets`` wrote them; none where it did not."""
    try:
        features = json.loads(about)["info"]["features"].items()
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {
        name: feature["names"]
        for name, feature in features
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and "names" in feature
    }


def _warn_of_lines(path: Path, number: int, why: str) -> None:
    if number:
        _log.warning("Left out of '%s': %s that %s.", path, count_of(number, "line"), why)
