"""Reading of one table, twice: first for its names and what its values look like, then for its records."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from zoograph.data.errors import RawDataError, UnknownName
from zoograph.data.files.counts import some_of
from zoograph.data.ingest.checks import Contradiction, KnownCards
from zoograph.data.ingest.columns import Matrix, Measurement
from zoograph.data.ingest.names import FoundNames, ResolvedNames
from zoograph.data.ingest.rejects import Rejects
from zoograph.data.ingest.report import TableReport
from zoograph.data.ingest.tables import Keep, Reject, Row, Table
from zoograph.data.ingest.values.numbers import BadValue, OutOfRange
from zoograph.data.ingest.values.units import Unit
from zoograph.data.records.fields import say_fault
from zoograph.data.records.naming.spellings import is_figure_name
from zoograph.data.records.records import Metric, Protocol, Record

SOURCE = "own records"
LONGEST_NAME = 300
_MOST_NAMED = 5
_BEGINS_AS_NUMBER = re.compile(r"\W*[0-9]")

AnyRecord = TypeVar("AnyRecord", bound=Record)


@dataclass(frozen=True)
class IngestSettings:
    """How tables are to be read.

    Attributes:
        mapping: our field -> the column that holds it.
        protocol: of rows that do not say.
        metric: likewise.
        source: likewise. It is part of what makes a run the same run, so that it must not change between files that
            repeat each other.
        unit: of the values; None to decide it for each table.
        add_unknown: whether an unknown name makes a card by itself.
        model: of rows that do not say.
        dataset: likewise.
        scores: whether the values are transferability scores, and no accuracies.
        score: name of the score, of rows that do not say.
        keep: which value of a training's history is its result; None for what the table itself says.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    protocol: Protocol = Protocol.HEAD
    metric: Metric = Metric.TOP1
    source: str = SOURCE
    unit: Unit | None = None
    add_unknown: bool = False
    model: str = ""
    dataset: str = ""
    scores: bool = False
    score: str = ""
    keep: Keep | None = None


class BadTable(ValueError):
    """A cell that makes the whole table doubtful, and why."""


class TableReader(ABC, Generic[AnyRecord]):
    """Reads one table; what its cells mean, the readers of runs and of scores say.

    Attributes:
        models: ids in the records.
        datasets: likewise.
    """

    layout: str
    _matrix: Matrix | None = None
    unit: Unit | None = None
    against_unit = 0
    without_protocol = 0

    def __init__(self, table: Table, settings: IngestSettings, names: FoundNames) -> None:
        self._table, self._settings = table, settings
        self._stamp = table.stamp()
        self._good = self._left_out = self._held_back = 0
        self._notes = list[str]()
        self._no_names = dict[tuple[str, str], None]()  # in order
        self._has_numbers = dict[str, bool]()  # column of a matrix -> whether a value in it begins as a number does
        self.models, self.datasets = set[str](), set[str]()
        self._find_layout()
        for item in self._measurements():
            if isinstance(item, Measurement):
                try:
                    require_names(item)
                    value = self._read(item.value)
                except OutOfRange as error:
                    value = error
                except BadValue:
                    self._note_column(item, _BEGINS_AS_NUMBER.match(item.value) is not None)
                    continue  # the second reading says so
                self._note_column(item, True)
                self._look(item, value)
                names.add(item.model, item.dataset, item.cards)

    def _note_column(self, item: Measurement, is_number: bool) -> None:
        if self._matrix is not None:
            column = self._matrix.column(item)
            self._has_numbers[column] = is_number or self._has_numbers.get(column, False)

    @abstractmethod
    def _find_layout(self) -> None:
        """Find out what the columns hold."""

    @abstractmethod
    def _split(self, row: Row) -> Iterator[Measurement | Reject]:
        """Yield the measurements of a row."""

    @abstractmethod
    def _read(self, text: str) -> Any:
        """Return the value of a measurement.

        Raises:
            BadValue: if it has none.
        """

    def _look(self, item: Measurement, value: Any) -> None:
        """Look at a measurement for the first time; its value may be an :class:`OutOfRange`."""

    @abstractmethod
    def _make(self, item: Measurement, value: Any, model: str, dataset: str) -> AnyRecord:
        """Return the record of a measurement.

        Raises:
            BadValue: if it can be none.
            BadTable: if the whole table is in doubt.
            ValidationError: if a field does not fit.
        """

    def decide(self, names: ResolvedNames) -> None:
        """Decide what only the whole table can tell, once it is known which names are known.

        Raises:
            RawDataError: if its values cannot be what they are taken for.
        """

    def _measurements(self) -> Iterator[Measurement | Reject]:
        for row in self._table.rows():
            if isinstance(row, Row):
                yield from self._split(row)
            else:
                yield row

    def records(self, names: ResolvedNames, cards: KnownCards, log: Rejects) -> Iterator[AnyRecord]:
        """Yield the records; what cannot be one goes to the log.

        Raises:
            RawDataError: if the whole table is in doubt, or changed after it was first read.
        """
        for item in self._measurements():
            if isinstance(item, Measurement) and self._is_passed_over(item, names):
                continue
            record = self._try(item, names, cards) if isinstance(item, Measurement) else item
            if isinstance(record, Reject):
                self._left_out += 1
                log.add(self._table.name, record)
            else:
                self._good += 1
                yield record
        if self._table.stamp() != self._stamp:
            raise RawDataError(
                f"'{self._table.name}' was changed while it was read, and nothing was stored. Try again."
            )

    def _is_passed_over(self, item: Measurement, names: ResolvedNames) -> bool:
        """Whether a cell of a matrix is in the column, or the row, of something else than models and datasets."""
        if self._matrix is None:
            return False
        if not self._has_numbers.get(self._matrix.column(item), True):
            return True
        for kind, name, ids in (("model", item.model, names.models), ("dataset", item.dataset, names.datasets)):
            if name not in ids and is_figure_name(kind, name):
                self._no_names[kind, name] = None
                return True
        return False

    def _try(self, item: Measurement, names: ResolvedNames, cards: KnownCards) -> AnyRecord | Reject:
        text = f"{item.model}, {item.dataset}, {item.value}"
        try:
            require_names(item)
            value = self._read(item.value)
            for kind, name, ids in (("model", item.model, names.models), ("dataset", item.dataset, names.datasets)):
                if name not in ids:
                    self._held_back += 1
                    return Reject(item.line, names.held[kind, name], text)
            model, dataset = names.models[item.model], names.datasets[item.dataset]
            record = self._make(item, value, model, dataset)
            cards.check(model, dataset, item.cards)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            return Reject(item.line, f"the {where} does not fit: {say_fault(first)}", text)
        except BadValue as error:
            return Reject(item.line, str(error), text)
        except (BadTable, Contradiction, UnknownName) as error:
            raise RawDataError(f"'{self._table.name}', line {item.line}: {error} Nothing was stored.") from error
        self.models.add(model)
        self.datasets.add(dataset)
        return record

    def report(self) -> TableReport:
        """Return what was found."""
        return TableReport(
            self._table.name,
            self.layout,
            self.unit,
            self.against_unit,
            self._good,
            self._left_out - self._held_back,
            self._held_back,
            (*self._table.notes, *self._notes, *self._explain_figures(), *self._explain_nothing()),
            self.without_protocol,
        )

    def _explain_nothing(self) -> Iterator[str]:
        if not (self._good or self._left_out or self._table.notes):
            yield f"{self._table.name} has columns and no row with a value."

    def _explain_figures(self) -> Iterator[str]:
        if texts := [column for column, has_numbers in self._has_numbers.items() if not has_numbers]:
            what = "holds no numbers and was" if len(texts) == 1 else "hold no numbers and were"
            yield f"{self._table.name}: {list_names(texts)} {what} passed over."
        for kind in ("model", "dataset"):
            if found := [name for known, name in self._no_names if known == kind]:
                what = f"is no {kind} and was" if len(found) == 1 else f"are no {kind}s and were"
                yield f"{self._table.name}: {list_names(found)} {what} passed over."


def list_names(names: Sequence[str]) -> str:
    """Return the first names in words, and how many more there are."""
    return some_of([f"'{name}'" for name in names], _MOST_NAMED)


def require_names(item: Measurement) -> None:
    """Raise unless model and dataset of a measurement can be names.

    Raises:
        BadValue: naming what is missing or cannot be one.
    """
    for kind, name in (("model", item.model), ("dataset", item.dataset)):
        if not name:
            raise BadValue(f"the {kind} is missing")
        if len(name) > LONGEST_NAME:
            raise BadValue(f"the name of the {kind} is longer than {LONGEST_NAME} signs")
        if not name.isprintable():
            raise BadValue(f"the name of the {kind} has a control character")
