"""Ingest: measured accuracies of anybody's tables become runs of the store, all of them in one batch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from zoograph.data.errors import RawDataError
from zoograph.data.home import make_home
from zoograph.data.ingest.columns import Matrix, Measurement, find_layout
from zoograph.data.ingest.names import FoundNames, ResolvedNames, resolve_names
from zoograph.data.ingest.rejects import Rejects
from zoograph.data.ingest.tables import Reject, Row, Table
from zoograph.data.ingest.values import BadValue, Reading, Unit, UnitVote, convert, is_unknown, read_value
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.records.report import Report
from zoograph.data.store.batches import new_batch
from zoograph.data.store.schema import in_utc
from zoograph.data.store.store import RecordStore

if TYPE_CHECKING:
    import pandas as pd

SOURCE = "own records"
LONGEST_NAME = 300
_WHOLE_NUMBERS = frozenset({"train_size", "test_size", "seed", "shots", "input_size", "repeats"})


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
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    protocol: Protocol = Protocol.HEAD
    metric: Metric = Metric.TOP1
    source: str = SOURCE
    unit: Unit | None = None
    add_unknown: bool = False


@dataclass(frozen=True)
class TableReport:
    """What was found in one table.

    Attributes:
        name: of the file.
        layout: ``tidy`` or ``matrix``.
        unit: of all its values.
        against_unit: values that look as if they had the other unit; in a file of fractions they were rejected.
        good: measurements that can be stored, whether or not they are new.
        rejected: rows and cells with a fault.
        held_back: measurements of a model or dataset that is not known.
    """

    name: str
    layout: str
    unit: Unit
    against_unit: int
    good: int
    rejected: int
    held_back: int


@dataclass(frozen=True)
class IngestReport(Report):
    """What ``ingest`` did, or would do.

    Attributes:
        batch: what ``undo`` takes; None if nothing was new, or for a dry run.
        dry_run: whether the store was left as it was.
        tables: one for each file.
        new: runs that the store did not have; the other good ones it had, or they came twice.
        new_models: ids of the models that came in.
        new_datasets: ids of the datasets that came in.
        protocol: of the rows that did not say.
        reasons: why rows did not go in, the first twenty different reasons, with their counts.
        rejects: the file of rows that did not go in; None if there is none.
    """

    batch: str | None
    dry_run: bool
    tables: tuple[TableReport, ...]
    new: int
    new_models: tuple[str, ...]
    new_datasets: tuple[str, ...]
    protocol: Protocol
    reasons: Mapping[str, int]
    rejects: Path | None

    @property
    def num_left_out(self) -> int:
        """How many rows and cells did not go in."""
        return sum(table.rejected + table.held_back for table in self.tables)

    @property
    def title(self) -> str:
        """Whether the tables came in, or were only looked at."""
        return "What is in the files" if self.dry_run else "What came in"

    @property
    def notes(self) -> tuple[str, ...]:
        """What is new, what was left out or read otherwise than it looks, and how to take it back."""
        known = sum(table.good for table in self.tables) - self.new
        runs = "1 run" if self.new == 1 else f"{self.new:,} runs"
        verb = "would be" if self.dry_run else "is" if self.new == 1 else "are"
        notes = [
            f"{runs} {verb} new, {known:,} {'is' if known == 1 else 'are'} known or came twice.",
            f"Rows that name no protocol are taken as {self.protocol.description}; --protocol says otherwise.",
        ]
        for kind, names in (("models", self.new_models), ("datasets", self.new_datasets)):
            if names:
                more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
                notes.append(f"New {kind}: {', '.join(names[:5])}{more}.")
        notes += self.faults
        if self.batch is not None:
            notes.append(f"Batch {self.batch}: 'zoograph undo {self.batch}' takes it back.")
        return tuple(notes)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a file, with the attributes of :class:`TableReport` as columns."""
        import pandas as pd

        return pd.DataFrame([asdict(table) for table in self.tables])

    @property
    def faults(self) -> tuple[str, ...]:
        """What was left out, or read otherwise than it looks."""
        return tuple(self._faults())

    def _faults(self) -> Iterator[str]:
        for table in self.tables:
            if table.against_unit:
                read = "read as such all the same" if table.unit is Unit.PERCENT else "rejected"
                look = "value looks otherwise and was" if table.against_unit == 1 else "values look otherwise and were"
                yield f"{table.name} is in {table.unit.value}; {table.against_unit:,} {look} {read}."
        yield from (f"{count:,} × {reason}" for reason, count in self.reasons.items())
        if self.rejects is not None:
            yield f"Left out, with line and reason: {self.rejects}"
        if any(table.against_unit for table in self.tables):
            yield "Say --unit if the unit of a file is another."


def ingest(
    store: RecordStore,
    tables: Sequence[Table],
    settings: IngestSettings | None = None,
    rejects: Path | None = None,
    dry_run: bool = False,
    origin: str = "",
) -> IngestReport:
    """Read tables twice, once to learn their names and units and once for their runs, and store what is new.

    Rows with a fault go to the file of rejects, and the others into the store: all in one transaction, or none.

    Args:
        store: where they go.
        tables: see :func:`zoograph.data.ingest.tables.open_table`.
        settings: how they are to be read.
        rejects: the file for rows that do not go in; by default one in the home, if there are any.
        dry_run: count, and store nothing.
        origin: of the batch, in words; by default the names of the tables.

    Raises:
        RawDataError: if a table cannot be read or has not the columns, or the rejects cannot be written.
        StoreError: if the database refuses; nothing was changed then.
    """
    settings, batch, names = settings or IngestSettings(), new_batch(), FoundNames()
    readers = [_Reader(table, settings, names) for table in tables]
    resolved = resolve_names(names, store.names(), settings.source, settings.add_unknown)
    path = rejects or (None if dry_run else make_home() / "rejects" / f"{batch}.csv")
    with Rejects(path, always=rejects is not None) as log:
        with store.stage(run for reader in readers for run in reader.runs(resolved, log)) as staged:
            log.finish()
            models = [card for card in resolved.new_models.values() if any(card.id in r.models for r in readers)]
            datasets = [card for card in resolved.new_datasets.values() if any(card.id in r.datasets for r in readers)]
            if dry_run:
                new = staged.count_new()
            else:
                new = staged.store(models, datasets, batch, origin or ", ".join(table.name for table in tables))
        published = log.publish()
    return IngestReport(
        batch if new and not dry_run else None,
        dry_run,
        tuple(reader.report() for reader in readers),
        new,
        tuple(card.id for card in models),
        tuple(card.id for card in datasets),
        settings.protocol,
        log.reasons,
        published,
    )


class _Reader:
    """Reads one table, first for its names and its unit, then for its runs.

    Attributes:
        models: ids in the runs.
        datasets: likewise.
    """

    def __init__(self, table: Table, settings: IngestSettings, names: FoundNames) -> None:
        self._table, self._settings = table, settings
        self._stamp = table.stamp()
        self._layout = find_layout(table, settings.mapping)
        self._good = self._left_out = self._held_back = 0
        self.models, self.datasets = set[str](), set[str]()
        vote = UnitVote()
        for item in self._measurements():
            if isinstance(item, Measurement):
                try:
                    reading = _read(item)
                except BadValue:
                    continue  # the second reading says so
                vote.count(reading)
                names.add(item.model, item.dataset, item.cards)
        self._unit, self._vote = settings.unit or vote.unit, vote

    def _measurements(self) -> Iterator[Measurement | Reject]:
        for row in self._table.rows():
            if isinstance(row, Row):
                yield from self._layout.measurements(row)
            else:
                yield row

    def runs(self, names: ResolvedNames, log: Rejects) -> Iterator[Run]:
        """Yield the runs; what cannot be one goes to the log.

        Raises:
            RawDataError: if the table changed after it was first read.
        """
        for item in self._measurements():
            run = self._make_run(item, names) if isinstance(item, Measurement) else item
            if isinstance(run, Run):
                self._good += 1
                self.models.add(run.model)
                self.datasets.add(run.dataset)
                yield run
            else:
                self._left_out += 1
                log.add(self._table.name, run)
        if self._table.stamp() != self._stamp:
            raise RawDataError(
                f"'{self._table.name}' was changed while it was read, and nothing was stored. Try again."
            )

    def _make_run(self, item: Measurement, names: ResolvedNames) -> Run | Reject:
        text = f"{item.model}, {item.dataset}, {item.value}"
        try:
            value = convert(_read(item), self._unit)
            for kind, name, ids in (("model", item.model, names.models), ("dataset", item.dataset, names.datasets)):
                if name not in ids:
                    self._held_back += 1
                    return Reject(item.line, names.held[kind, name], text)
            return self._validate(item, value, names)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            return Reject(item.line, f"the {where} does not fit: {first['msg']}", text)
        except BadValue as error:
            return Reject(item.line, str(error), text)

    def _validate(self, item: Measurement, value: float, names: ResolvedNames) -> Run:
        fields: dict[str, Any] = {
            "protocol": self._settings.protocol,
            "metric": self._settings.metric,
            "source": self._settings.source,
            **item.fields,
        }
        for name in _WHOLE_NUMBERS & fields.keys():
            fields[name] = _read_whole_number(name, fields[name])
        if "measured_at" in fields:
            fields["measured_at"] = _read_time(fields["measured_at"])
        return Run(
            **fields,
            model=names.models[item.model],
            dataset=names.datasets[item.dataset],
            value=value,
            hyperparameters=dict(item.hyperparameters),
        )

    def report(self) -> TableReport:
        """Return what was found."""
        return TableReport(
            self._table.name,
            "matrix" if isinstance(self._layout, Matrix) else "tidy",
            self._unit,
            self._vote.num_against(self._unit),
            self._good,
            self._left_out - self._held_back,
            self._held_back,
        )


def _read(item: Measurement) -> Reading:
    """Return the value of a measurement whose names can be names.

    Raises:
        BadValue: if something of it is missing or cannot be what it is.
    """
    for kind, name in (("model", item.model), ("dataset", item.dataset)):
        if not name:
            raise BadValue(f"the {kind} is missing")
        if len(name) > LONGEST_NAME:
            raise BadValue(f"the name of the {kind} is longer than {LONGEST_NAME} signs")
        if not name.isprintable():
            raise BadValue(f"the name of the {kind} has a control character")
    return read_value(item.value)


def _read_whole_number(name: str, text: str) -> int | None:
    if is_unknown(text):
        return None
    whole = text.replace(",", "").removesuffix(".0")
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", whole, re.ASCII):
        raise BadValue(f"the {name} '{text[:LONGEST_NAME]}' is no whole number")
    return int(whole)


def _read_time(text: str) -> datetime | None:
    if is_unknown(text):
        return None
    try:
        return in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        raise BadValue(f"the time '{text[:LONGEST_NAME]}' is not as in 2024-12-31T23:59:00Z") from error
