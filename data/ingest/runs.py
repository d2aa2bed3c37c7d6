"""Runs of tables: measured accuracies in one unit, with what each says of its protocol, metric and sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import reduce
from pathlib import PurePath
from typing import Any

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.columns import Matrix, Measurement, Tidy, find_layout
from zoograph.data.ingest.formats.history import is_history, read_history
from zoograph.data.ingest.names import ResolvedNames
from zoograph.data.ingest.reader import LONGEST_NAME, BadTable, TableReader, read_whole_number
from zoograph.data.ingest.tables import Reject, Row
from zoograph.data.ingest.values import (
    BadValue,
    OutOfRange,
    Reading,
    Unit,
    ValueSurvey,
    convert,
    is_unknown,
    read_value,
)
from zoograph.data.records.records import Run
from zoograph.data.records.spellings import is_score_name, read_metric
from zoograph.data.store.schema import in_utc

# Words of file names that are no part of a score's name, without and with those that can be.
_TABLE_WORDS = ({"scores", "matrix", "table", "values"}, {"score", "scores", "matrix", "table", "values"})
# What a run is: where one of these cannot be read, its column holds something else.
_KINDS = frozenset({"shots", "input_size", "repeats"})
_SIZES = frozenset({"train_size", "test_size", "seed"})
_SCORES_REMEDY = "Transferability scores come in with --scores; if these are accuracies, say --unit."


class RunReader(TableReader[Run]):
    """Reads the runs of one table."""

    def _find_layout(self) -> None:
        settings, table = self._settings, self._table
        self._layout = find_layout(table, settings.mapping, settings.model, settings.dataset)
        self.layout = "matrix" if isinstance(self._layout, Matrix) else "tidy"
        if settings.unit is None:
            self._require_no_scores()
        if isinstance(self._layout, Tidy) and is_history(table.columns):
            self._table = read_history(table, self._layout, settings.keep)
            self.layout = "history" if self._table.notes else self.layout
        self._seen: dict[str, ValueSurvey] = {}

    def _split(self, row: Row) -> Iterator[Measurement | Reject]:
        return self._layout.measurements(row)

    def _require_no_scores(self) -> None:
        """Refuse a table that is called like a transferability score, or whose values are in such a column."""
        words = re.split(r"[^0-9A-Za-z]+", PurePath(self._table.name).stem)
        names = ("".join(word for word in words if word.casefold() not in left) for left in _TABLE_WORDS)
        suspects = {f"the file is called '{name}'": name for name in names}
        suspects |= {f"'{word}' is in the name of the file": word for word in words}
        # Accuracies of these two are as common as scores.
        suspects = {reason: name for reason, name in suspects.items() if name.casefold() not in ("knn", "logistic")}
        if isinstance(self._layout, Tidy):
            suspects[f"the values are in the column '{self._layout.columns['value']}'"] = self._layout.columns["value"]
        else:
            suspects |= {f"there is a column '{name}'": name for name in self._table.columns}
        for reason, name in suspects.items():
            if is_score_name(name):
                raise RawDataError(
                    f"'{self._table.name}' looks like a table of transferability scores: {reason}. {_SCORES_REMEDY}"
                )

    def _read(self, text: str) -> Reading:
        return read_value(text)

    def _look(self, item: Measurement, value: Reading | OutOfRange) -> None:
        percent = isinstance(value, Reading) and value.percent
        self._seen.setdefault(item.dataset, ValueSurvey()).count(value.number, percent, item.line)

    def decide(self, names: ResolvedNames) -> None:
        """Decide the unit, by the values on datasets that are known, or by all values if none is.

        Raises:
            RawDataError: if the unit changes in between, or the values can hardly be accuracies.
        """
        known = [seen for name, seen in self._seen.items() if name in names.datasets]
        values = reduce(ValueSurvey.join, known or self._seen.values(), ValueSurvey())
        if self._settings.unit is None:
            self._require_accuracies(values)
        self.unit = self._settings.unit or values.unit
        is_read_so = self._settings.unit is Unit.PERCENT  # then 0.5 is half a percent
        self.against_unit = 0 if is_read_so else values.num_against(self.unit)

    def _require_accuracies(self, values: ValueSurvey) -> None:
        if (oddity := values.oddity) is not None:
            raise RawDataError(f"'{self._table.name}' holds no accuracies as it seems: {oddity}. {_SCORES_REMEDY}")
        if (change := values.find_change()) is not None:
            line, before, after = change
            raise RawDataError(
                f"'{self._table.name}' changes its unit: values look like {before.value} before line {line}, and like "
                f"{after.value} from there on. Make them alike, or say --unit, which then holds for all of them. "
                "Nothing was stored."
            )

    def _make(self, item: Measurement, value: Reading, model: str, dataset: str) -> Run:
        unit = self.unit or Unit.FRACTION
        if self._settings.unit is None and unit is Unit.PERCENT and not value.percent and 0 < value.number <= 1:
            raise BadValue(
                f"the value {value.number} looks like a fraction in a file in percent: say --unit percent if it is "
                "a percentage"
            )
        settings = self._settings
        fields: dict[str, Any] = {
            "protocol": settings.protocol,
            "metric": settings.metric,
            "source": settings.source,
            **item.fields,
        }
        fields["metric"] = read_metric(fields["metric"])
        for name in _SIZES & fields.keys():
            fields[name] = read_whole_number(name, fields[name])
        for name in _KINDS & fields.keys():
            try:
                fields[name] = read_whole_number(name, fields[name])
            except BadValue as error:
                raise BadTable(f"{error}. Correct it, or rename the column if it holds something else.") from error
        if "measured_at" in fields:
            fields["measured_at"] = _read_time(fields["measured_at"])
        return Run(
            **fields,
            model=model,
            dataset=dataset,
            value=convert(value, unit),
            hyperparameters=dict(item.hyperparameters),
        )


def _read_time(text: str) -> datetime | None:
    if is_unknown(text):
        return None
    try:
        return in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        raise BadValue(f"the time '{text[:LONGEST_NAME]}' is not as in 2024-12-31T23:59:00Z") from error
