"""Reports of ingesting: what was found in each table, and what came in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoograph.data.files.counts import count_of, some_of
from zoograph.data.ingest.values.units import Unit
from zoograph.data.records.records import Protocol
from zoograph.data.records.report import Report

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TableReport:
    """What was found in one table.

    Attributes:
        name: of the file.
        layout: ``tidy``, ``matrix`` or ``history``.
        unit: of all its values; None for scores, which have none.
        against_unit: values that look as if they had the other unit, and were rejected.
        good: measurements that can be stored, whether or not they are new.
        rejected: rows and cells with a fault.
        held_back: measurements of a model or dataset that is not known.
        notes: what else has to be known of how it was read.
        without_protocol: good runs whose row names no protocol.
    """

    name: str
    layout: str
    unit: Unit | None
    against_unit: int
    good: int
    rejected: int
    held_back: int
    notes: tuple[str, ...] = ()
    without_protocol: int = 0


@dataclass(frozen=True)
class IngestReport(Report):
    """What ``ingest`` did, or would do.

    Attributes:
        batch: what ``undo`` takes; None if nothing was new, or for a dry run.
        dry_run: whether the store was left as it was.
        tables: one for each file.
        new: records that the store did not have; the other good ones it had, or they came twice.
        new_models: ids of the models that came in.
        new_datasets: ids of the datasets that came in.
        protocol: of the rows that did not say.
        reasons: why rows did not go in, the first twenty different reasons, with their counts.
        rejects: the file of rows that did not go in; None if there is none.
        kind: of the records: ``runs`` or ``scores``.
        meanings: which weights the names of models were taken for, in sentences.
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
    kind: str = "runs"
    meanings: tuple[str, ...] = ()

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
        """What is new, what names mean, what was left out or read otherwise than it looks, how to take it back."""
        known = sum(table.good for table in self.tables) - self.new
        records = count_of(self.new, self.kind.removesuffix("s"), self.kind)
        verb = "would be" if self.dry_run else "is" if self.new == 1 else "are"
        notes = [f"{records} {verb} new, {known:,} {'is' if known == 1 else 'are'} known or came twice."]
        if self.kind == "runs" and any(table.without_protocol for table in self.tables):
            notes.append(
                f"Rows that name no protocol are taken as {self.protocol.description}; --protocol says otherwise."
            )
        notes += self.meanings
        for kind, names in (("models", self.new_models), ("datasets", self.new_datasets)):
            if names:
                notes.append(f"New {kind}: {some_of(names, 5)}.")
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
        yield from (note for table in self.tables for note in table.notes)
        odd = [table for table in self.tables if table.unit is not None and table.against_unit]
        for table in odd:
            look = count_of(table.against_unit, "value looks otherwise and was", "values look otherwise and were")
            yield f"{table.name} is in {table.unit}; {look} rejected."
        yield from (f"{count:,} × {reason}" for reason, count in self.reasons.items())
        if self.rejects is not None and self.num_left_out:
            yield f"Left out, with line and reason: {self.rejects}"
        if odd:
            yield "Say --unit if the unit of a file is another."
