"""Histories: the epochs of one training, such as Lightning's ``metrics.csv``, are one run and no repeats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zoograph.data.ingest.columns import Tidy, to_text
from zoograph.data.ingest.formats.splits import find_training_split
from zoograph.data.ingest.formats.trainings import Pieces, find_telling_columns
from zoograph.data.ingest.tables import Keep, Reject, Row, Table
from zoograph.data.ingest.values.numbers import read_number
from zoograph.data.records.naming.spellings import fold

_TIMES = ("epoch", "step", "globalstep", "trainstep", "iteration", "iter", "trainerglobalstep")  # letters alone
# Columns that tell one training from another, beside the fields of a run.
_TRAININGS = frozenset({"run", "run_id", "run_name", "trial", "version", "fold", "wandb_run", "mlflow_run"})
_CHANGING = frozenset({"value", "measured_at"})


@dataclass(frozen=True)
class HistoryTable:
    """The results of the trainings of a table, one row each; rows that cannot be read are still there.

    Attributes:
        name: of the table.
        columns: of the table.
        given: the rows.
        notes: which row of each training was taken.
        source: the table.
        keep: as of the table.
        decimal_comma: likewise.
        row_units: likewise.
    """

    name: str
    columns: Sequence[str]
    given: Sequence[Row | Reject]
    notes: Sequence[str]
    source: Table
    keep: Keep
    decimal_comma: bool = False
    row_units: bool = False

    def rows(self) -> Iterator[Row | Reject]:
        """Yield the rows."""
        return iter(self.given)

    def stamp(self) -> object:
        """Return that of the table."""
        return self.source.stamp()


def is_history(columns: Sequence[str]) -> bool:
    """Whether a table has a row for each epoch or step of a training."""
    return any(fold(column) in _TIMES for column in columns)


def read_history(table: Table, layout: Tidy, keep: Keep | None = None) -> HistoryTable:
    """Return the result of each training of a history: its last value in time, or its best.

    Rows without a value, such as those of training steps, are passed over. Trainings are told apart by model, dataset
    and the other fields of a run, and by columns such as ``run`` or ``trial``; where moments repeat all the same, by
    the settings that keep them apart, or by time that begins anew. Of further columns those are settings that hold the
    same in all rows of a training, and no losses.

    Args:
        table: is read twice.
        layout: which columns hold what.
        keep: ``last`` or ``best``; default: what the table itself says.

    Raises:
        RawDataError: if rows of several trainings are mixed, and nothing tells which is whose.
    """
    chosen, trainings, rejects = keep or table.keep, dict[tuple[str, ...], _Training](), list[Reject]()
    fixed = [column for name, column in layout.columns.items() if name not in _CHANGING]
    fixed += [column for column in table.columns if column.lower() in _TRAININGS and column not in fixed]
    times = [column for name in _TIMES for column in table.columns if fold(column) == name]
    learned, notes = 0, list(table.notes)
    value, comma = layout.columns["value"], table.decimal_comma
    known = {*fixed, *times, *(layout.columns[name] for name in _CHANGING & layout.columns.keys())}
    others = [column for column in table.columns if column not in known]
    valued = (row.cells for row in table.rows() if isinstance(row, Row) and _counts(row, value))
    telling = find_telling_columns(valued, fixed, times, others)
    fixed += telling or []
    pieces = None if telling is not None else Pieces(table.name)
    for row in table.rows():
        if isinstance(row, Reject):
            rejects.append(row)
            continue
        if find_training_split(row.cells) is not None:
            learned += 1
            continue
        key, time = tuple(to_text(row.cells.get(column)) for column in fixed), _time(row.cells, times, comma)
        if pieces is not None:
            key = (*key, pieces.place(key, time) if _counts(row, value) else "")
        training = trainings.setdefault(key, _Training())
        training.note_settings(row.cells, known)
        if to_text(row.cells.get(value)):
            training.offer(row, time, _number(row.cells[value], comma), chosen)
    results = [found for training in trainings.values() if (found := training.result()) is not None]
    if learned:
        notes.append(f"{table.name}: {learned:,} rows on the training split were passed over.")
    notes += _explain(table.name, value, times, list(trainings.values()), results, chosen)
    return HistoryTable(table.name, table.columns, [*rejects, *results], notes, table, chosen, comma)


def _counts(row: Row, value: str) -> bool:
    return bool(to_text(row.cells.get(value))) and find_training_split(row.cells) is None


@dataclass
class _Training:
    count: int = 0
    best: tuple[float, ...] = ()
    row: Row | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)

    def note_settings(self, cells: Mapping[str, Any], known: set[str]) -> None:
        for name, cell in cells.items():
            if name in known or name in self.dropped or not to_text(cell):
                continue
            if self.settings.setdefault(name, cell) != cell or "loss" in name.lower():
                self.dropped.add(name)
                self.settings.pop(name)

    def offer(self, row: Row, time: tuple[float, ...], value: float, keep: Keep) -> None:
        self.count += 1
        rank = (value, *time) if keep is Keep.BEST else time
        if self.row is None or rank >= self.best:
            self.best, self.row = rank, row

    def result(self) -> Row | None:
        if self.row is None:
            return None
        cells = {name: cell for name, cell in self.row.cells.items() if name not in self.dropped}
        return Row(self.row.line, {**cells, **self.settings})


def _explain(
    name: str, value: str, times: Sequence[str], trainings: Sequence[_Training], results: Sequence[Row], keep: Keep
) -> Iterator[str]:
    histories = [training for training in trainings if training.count > 1]
    if not histories:
        return
    other = Keep.BEST if keep is Keep.LAST else Keep.LAST
    how_many = "one training" if len(results) == 1 else f"{len(results):,} trainings"
    place = ""
    if len(results) == 1:
        cells = results[0].cells
        place = f" ({', '.join(f'{time} {to_text(cells.get(time))}' for time in times)}: {to_text(cells[value])})"
    yield (
        f"{name} is the history of {how_many}: the {keep.value} '{value}'{place} is the result, and the other "
        f"{sum(training.count for training in histories) - len(histories):,} values are no runs; "
        f"--keep {other.value} takes the {other.value}."
    )


def _time(cells: Mapping[str, Any], times: Sequence[str], comma: bool) -> tuple[float, ...]:
    return tuple(_number(cells.get(column), comma) for column in times)


def _number(cell: Any, comma: bool) -> float:
    number = read_number(to_text(cell), comma)
    return float("-inf") if number is None else number
