"""Tables to ingest: CSV, JSON and Parquet, read row by row, with a reason for each row that cannot be read."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from zoograph.data.errors import RawDataError
from zoograph.data.files.csv_cells import unguard
from zoograph.data.files.optional_imports import import_pyarrow
from zoograph.data.ingest.formats.text_lines import Line, read_lines
from zoograph.data.ingest.formats.trainer import is_benchmark_result, keeps_best, read_results

Cells = Mapping[str, Any]
_LONGEST_RECORD = 50  # lines that one quoted cell may go over
_SAMPLE = 1_000  # lines of JSON whose keys are the columns
_DELIMITERS = ",;\t|"
_NAMELESS_INDEX = "__index_level_0__"  # as pandas writes it
_OTHER_KINDS = {
    **dict.fromkeys((".xlsx", ".xls", ".xlsm", ".ods", ".numbers"), "Save the sheet as CSV."),
    **dict.fromkeys((".gz", ".zip", ".bz2", ".xz", ".zst", ".tar", ".7z"), "Unpack it first."),
}
_SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t|]*', re.IGNORECASE)  # as Excel writes and reads it


class Keep(StrEnum):
    """Which value of a training's history is its result."""

    LAST = "last"
    BEST = "best"


@dataclass(frozen=True)
class Row:
    """A row that could be read.

    Attributes:
        line: where it begins in a text file, or its number in another.
        cells: by column.
    """

    line: int
    cells: Cells


@dataclass(frozen=True)
class Reject:
    """A row that does not go in.

    Attributes:
        line: as that of a row.
        reason: in words.
        text: the row, or what is left of it.
    """

    line: int
    reason: str
    text: str = ""


class Table(Protocol):
    """Something with named columns that can be read more than once."""

    @property
    def name(self) -> str:
        """What to call it."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of the columns, in order."""

    def rows(self) -> Iterator[Row | Reject]:
        """Yield the rows in order."""

    @property
    def notes(self) -> Sequence[str]:
        """What the reader of the answer has to know of it."""

    @property
    def keep(self) -> Keep:
        """Which value of a history counts, unless the user says otherwise."""

    @property
    def decimal_comma(self) -> bool:
        """Whether one comma in a number stands for the point."""

    @property
    def row_units(self) -> bool:
        """Whether each row has its own unit, as results in a model card have."""

    def stamp(self) -> object:
        """Return something that changes with the content."""


def open_table(path: Path) -> Table:
    """Open a file by its ending: ``.csv``, ``.tsv``, ``.txt``, ``.json``, ``.jsonl``, ``.ndjson`` or ``.parquet``.

    Raises:
        RawDataError: if it cannot be read, or is of another kind.
    """
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        hint = _OTHER_KINDS.get(path.suffix.lower(), "Give it the ending of its kind.")
        if path.is_dir():
            hint = "Give the files in this folder."
        elif "tfevents" in path.name:
            hint = "Export the scalars of TensorBoard as CSV."
        raise RawDataError(f"'{path}' needs to be CSV, JSON or Parquet ({', '.join(_KINDS)}). {hint}")
    if path.exists() and not path.is_file():
        raise RawDataError(f"'{path}' needs to be a file, which can be read twice (got a folder, pipe or device).")
    with _readable(path):
        return kind(path)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RawDataError(f"'{path}' cannot be read ({error.strerror or error}). Check the file.") from error


@dataclass(frozen=True)
class RowTable:
    """Rows that are in memory already, such as those of a tracker."""

    name: str
    given: Sequence[Row | Reject]
    notes: Sequence[str] = ()
    keep: Keep = Keep.LAST
    row_units: bool = False
    decimal_comma: bool = False

    @property
    def columns(self) -> Sequence[str]:
        """Every key of every row, in order of appearance."""
        return list(dict.fromkeys(key for row in self.given if isinstance(row, Row) for key in row.cells))

    def rows(self) -> Iterator[Row | Reject]:
        """Yield the rows."""
        return iter(self.given)

    def stamp(self) -> object:
        """Return what never changes: the rows are in memory."""
        return None


class _FileTable:
    """What the tables in files have in common.

    Attributes:
        name: of the file.
        notes: none.
        keep: as of a table.
        row_units: likewise.
        decimal_comma: likewise.
    """

    notes: Sequence[str] = ()
    keep = Keep.LAST
    row_units = False
    decimal_comma = False

    def __init__(self, path: Path) -> None:
        self.name, self._path = path.name, path

    def stamp(self) -> object:
        """Return size and time of the file."""
        with _readable(self._path):
            status = self._path.stat()
        return status.st_size, status.st_mtime_ns


class CsvTable(_FileTable):
    """Text with a header, and commas, semicolons, tabs or bars between the cells.

    Where no commas part the cells, a comma in a value is a decimal comma. A first line such as ``sep=;`` says what
    parts them. A line that is too long or no UTF-8, a row with too few or too many cells, and a quote that is never
    closed cost the line that they are on, and no other.

    Raises:
        RawDataError: if there is no header, or two columns share a name.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        said, self._header, text = "", 1, ""
        with _readable(path):
            for line in read_lines(path):
                if line.fault:
                    raise RawDataError(
                        f"'{path}' needs a header as UTF-8 text (got: {line.fault}). Save it as UTF-8 CSV."
                    )
                self._header, text = line.number, f"{text}\n{line.text}" if text else line.text
                if line.number == 1 and (found := _SEPARATOR.fullmatch(text)):
                    said, text = found[1], ""
                elif (text.count('"') % 2 == 0 and text.strip()) or line.number >= _LONGEST_RECORD:
                    break
        if not text.strip():
            raise RawDataError(f"'{path}' needs a header as UTF-8 text (got: it is empty). Save it as UTF-8 CSV.")
        bare = re.sub(r'"[^"]*"', "", text)
        self._delimiter = said or max(_DELIMITERS, key=bare.count)
        self.decimal_comma = self._delimiter != ","
        self.columns: Sequence[str] = [" ".join(cell.split()) for cell in _split_header(path, text, self._delimiter)]
        _require_different(path, self.columns)

    def rows(self) -> Iterator[Row | Reject]:
        """Yield the rows after the header."""
        with _readable(self._path):
            lines, ahead = islice(read_lines(self._path), self._header, None), deque[Line]()
            while (first := ahead.popleft() if ahead else next(lines, None)) is not None:
                number, text, fault = first
                if not fault and text.count('"') % 2:
                    more = self._find_end(text, lines, ahead)
                    text = "\n".join([text, *(ahead.popleft().text for _ in range(more))])
                    fault = "" if more else "a quote is never closed"
                if fault or text.strip():
                    yield Reject(number, fault, text) if fault else self._split(number, text)

    def _find_end(self, text: str, lines: Iterator[Line], ahead: deque[Line]) -> int:
        """Return how many more lines belong to a row whose quote is open, 0 if nothing fits; read lines wait ahead."""
        for more in range(1, _LONGEST_RECORD):
            following = ahead[more - 1] if len(ahead) >= more else next(lines, None)
            if following is None:
                return 0
            if len(ahead) < more:
                ahead.append(following)
            if following.fault:
                return 0
            text = f"{text}\n{following.text}"
            if text.count('"') % 2 == 0:
                return more if isinstance(self._split(0, text), Row) else 0
        return 0

    def _split(self, number: int, text: str) -> Row | Reject:
        try:
            quoted = '"' in text
            cells = (
                next(csv.reader([text], delimiter=self._delimiter, strict=True))
                if quoted
                else text.split(self._delimiter)
            )
        except csv.Error as error:
            return Reject(number, f"the row is no CSV: {error}", text)
        width = len(self.columns)
        if len(cells) != width:
            return Reject(number, f"the row needs {width} cells (got {len(cells)})", text)
        return Row(number, dict(zip(self.columns, map(unguard, cells) if "'" in text else cells, strict=True)))


def _split_header(path: Path, text: str, delimiter: str) -> list[str]:
    fault = "a quote is never closed" if text.count('"') % 2 else ""
    try:
        cells = [] if fault else next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error as error:
        fault = str(error)
    if fault:
        raise RawDataError(f"'{path}' needs a header that is CSV (got: {fault}). Correct the names of its columns.")
    return cells


def _require_different(path: Path, columns: Sequence[str]) -> None:
    if twice := [name for name, number in Counter(columns).items() if name and number > 1]:
        raise RawDataError(f"'{path}' has two columns '{twice[0]}'. Rename or remove one.")


class JsonLinesTable(_FileTable):
    """One JSON object a line; its keys are columns, and those of the first lines are known beforehand.

    Raises:
        RawDataError: if none of the first lines is an object.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        first = list(islice(self.rows(), _SAMPLE))
        self.columns = RowTable(path.name, first).columns
        if not self.columns:
            got = next((item.reason for item in first if isinstance(item, Reject)), "no columns")
            raise RawDataError(
                f"'{path}' needs one JSON object a line (got: {got}). A file that is one document ends in '.json'."
            )

    def rows(self) -> Iterator[Row | Reject]:
        """Yield a row for each object."""
        with _readable(self._path):
            for line, text, fault in read_lines(self._path):
                if fault:
                    yield Reject(line, fault, text)
                elif text.strip():
                    yield _parse_object(line, text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"it says '{next(name for name in names if names.count(name) > 1)}' twice")
    return found


def _parse_object(line: int, text: str) -> Row | Reject:
    try:
        cells = json.loads(text, object_pairs_hook=_once)
        if "\\u" in text:
            json.dumps(cells, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        return Reject(line, f"the line is no JSON: {error}", text)
    return Row(line, cells) if isinstance(cells, dict) else Reject(line, "the line is no JSON object", text)


class JsonTable(_FileTable):
    """One JSON document: a list of rows, or the results of a training with the Hugging Face Trainer.

    Raises:
        RawDataError: if it is none of these.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with _readable(path):
            try:
                document = json.loads(path.read_bytes(), object_pairs_hook=_once)
            except (ValueError, RecursionError) as error:
                many = str(error).startswith("Extra data")
                hint = "If it has one object a line, let it end in '.jsonl'." if many else "Check the file."
                raise RawDataError(f"'{path}' is no JSON that can be read ({error}). {hint}") from error
        if is_benchmark_result(document):
            raise RawDataError(f"'{path}' is a result of MTEB. Give the folder of the results with --mteb.")
        rows = read_results(document)
        if not rows:
            raise RawDataError(
                f"'{path}' needs to be a list of rows, or what the Hugging Face Trainer writes, such as "
                "all_results.json or trainer_state.json. Give a file of either kind."
            )
        self._rows = [Row(line, cells) for line, cells in enumerate(rows, start=1)]
        self.columns = RowTable(path.name, self._rows).columns
        if keeps_best(document):
            self.keep = Keep.BEST

    def rows(self) -> Iterator[Row | Reject]:
        """Yield the rows."""
        return iter(self._rows)


class ParquetTable(_FileTable):
    """A Parquet file, read in batches; the line of a row is its number, from 1.

    An index of pandas, which is written behind the columns, comes before them.

    Raises:
        RawDataError: if it cannot be read, or two columns share a name.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with self._open() as file:
            names = list(file.schema_arrow.names)
            index = [
                name for name in (file.schema_arrow.pandas_metadata or {}).get("index_columns", ()) if name in names
            ]
        self._stored = [*index, *(name for name in names if name not in index)]
        self.columns: Sequence[str] = ["" if name == _NAMELESS_INDEX else name for name in self._stored]
        _require_different(path, names)

    @contextmanager
    def _open(self) -> Iterator[Any]:
        pa, parquet = import_pyarrow()
        with _readable(self._path), self._path.open("rb") as raw:
            try:
                with parquet.ParquetFile(raw) as file:
                    yield file
            except pa.ArrowException as error:
                what = str(error).rstrip(".")
                raise RawDataError(f"'{self._path}' is no Parquet file that can be read ({what}). Check it.") from error

    def rows(self) -> Iterator[Row | Reject]:
        """Yield the rows; numbers of single precision, and text that is not marked as such, as they are written."""
        pa, _ = import_pyarrow()
        as_text = (pa.float16(), pa.float32(), pa.binary(), pa.large_binary())
        line = 0
        with self._open() as file:
            for batch in file.iter_batches(batch_size=8_192):
                stored = (batch.column(name) for name in self._stored)
                columns = [column.cast(pa.string()) if column.type in as_text else column for column in stored]
                for cells in zip(*(column.to_pylist() for column in columns), strict=True):
                    line += 1
                    yield Row(line, dict(zip(self.columns, cells, strict=True)))


_KINDS: dict[str, Callable[[Path], Table]] = {
    ".csv": CsvTable,
    ".tsv": CsvTable,
    ".txt": CsvTable,
    ".json": JsonTable,
    ".jsonl": JsonLinesTable,
    ".ndjson": JsonLinesTable,
    ".parquet": ParquetTable,
}
