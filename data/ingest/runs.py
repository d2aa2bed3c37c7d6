"""Runs of tables: measured accuracies in one unit, with what each says of its protocol, metric and sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from zoograph.data.errors import RawDataError, UnknownName
from zoograph.data.ingest.columns import Matrix, Measurement, Tidy, find_layout
from zoograph.data.ingest.formats.history import is_history, read_history
from zoograph.data.ingest.formats.splits import find_training_split
from zoograph.data.ingest.names import ResolvedNames
from zoograph.data.ingest.reader import LONGEST_NAME, BadTable, TableReader, list_names
from zoograph.data.ingest.tables import Reject, Row, RowTable
from zoograph.data.ingest.values.numbers import (
    BadValue,
    OutOfRange,
    Reading,
    is_unknown,
    read_value,
    read_whole_number,
)
from zoograph.data.ingest.values.units import ColumnUnits, Unit, convert
from zoograph.data.records.fields import in_utc
from zoograph.data.records.naming.spellings import fold, is_score_name, read_metric
from zoograph.data.records.records import Run

# Words of file names that are no part of a score's name, without and with those that can be.
_TABLE_WORDS = ({"scores", "matrix", "table", "values"}, {"score", "scores", "matrix", "table", "values"})
_TRAINED = "the split '{}' is what models learn from, so that its accuracy says nothing of new samples"
_SAYS_PERCENT = re.compile(r"%|(?<![a-z])(?:pct|percent(?:age)?)(?![a-z])", re.IGNORECASE)
# What a run is: where one of these cannot be read, its column holds something else.
_KINDS = frozenset({"shots", "input_size", "repeats"})
_SIZES = frozenset({"train_size", "test_size", "seed"})
# Settings that docs/contribute-a-table.md asks for.
_READ_AS_SETTINGS = frozenset(
    fold(name) for name in ("split", "phase", "spread", "licence", "license", "url", "chosen_on", "overlap")
)
_SCORES_REMEDY = "Transferability scores come in with --scores; if these are accuracies, say --unit."


class RunReader(TableReader[Run]):
    """Reads the runs of one table."""

    def _find_layout(self) -> None:
        settings, table = self._settings, self._table
        self._layout = find_layout(table, settings.mapping, settings.model, settings.dataset)
        self._matrix = self._layout if isinstance(self._layout, Matrix) else None
        self.layout = "tidy" if self._matrix is None else "matrix"
        if settings.unit is None:
            self._require_no_scores()
        if isinstance(self._layout, Tidy) and is_history(table.columns):
            self._table = read_history(table, self._layout, settings.keep)
            self.layout = "history" if self._table.notes else self.layout
        elif isinstance(self._layout, Tidy) and not isinstance(table, RowTable):  # trackers have settings without end
            self._notes += self._explain_settings(self._layout)
        self._units = ColumnUnits()

    def _explain_settings(self, layout: Tidy) -> Iterator[str]:
        """Say which columns are fields of no run: one may be a field by another name."""
        if kept := [name for name in layout.settings(self._table.columns) if fold(name) not in _READ_AS_SETTINGS]:
            what = "is kept as a setting" if len(kept) == 1 else "are kept as settings"
            yield (
                f"{self._table.name}: {list_names(kept)} {what} of the runs. If one holds a field of them, say so, as "
                f"in --map test_size='{kept[0]}'."
            )

    def _split(self, row: Row) -> Iterator[Measurement | Reject]:
        for item in self._layout.measurements(row):
            if isinstance(item, Measurement) and (split := find_training_split(item.hyperparameters)) is not None:
                yield Reject(row.line, _TRAINED.format(split), f"{item.model}, {item.dataset}, {item.value}")
            else:
                yield item

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
        return read_value(text, self._table.decimal_comma)

    def _look(self, item: Measurement, value: Reading | OutOfRange) -> None:
        self._count(self._units, item, value)

    def _count(self, units: ColumnUnits, item: Measurement, value: Reading | OutOfRange) -> None:
        units.count(self._column(item), value.number, isinstance(value, Reading) and value.percent, item.line)

    def _column(self, item: Measurement) -> str:
        """Return what values of one unit share: a column of a matrix; else the metric and the source of the row."""
        if self._matrix is not None:
            return self._matrix.column(item)
        if self._table.row_units:
            return f"result {item.line}"
        metric, source = item.fields.get("metric", self._settings.metric.value), item.fields.get("source")
        with suppress(UnknownName):  # such a row does not go in
            metric = read_metric(metric).value
        return f"{metric} of {source}" if source else metric

    def decide(self, names: ResolvedNames) -> None:
        """Decide the unit of each column, by its values of models and datasets that are known, if there are any.

        Raises:
            RawDataError: if the unit changes in between, or the values can hardly be accuracies.
        """
        if names.held and names.models and names.datasets:
            self._units = self._look_at_known(names)
        chosen, units = self._settings.unit, self._units.units
        if chosen is None:
            self._require_accuracies()
            self._require_unit_of_heading()
        self.unit = chosen or (next(iter(units), Unit.FRACTION) if len(units) < 2 else None)
        if self.unit is None:
            said = "; ".join(f"{list_names(columns)} in {unit}" for unit, columns in units.items())
            self._notes.append(f"Units differ in {self._table.name}: {said}.")
        is_read_so = chosen is Unit.PERCENT  # then 0.5 is half a percent
        self.against_unit = 0 if is_read_so else self._units.num_against(chosen)

    def _look_at_known(self, names: ResolvedNames) -> ColumnUnits:
        """Look once more, at what goes in alone: the rest has no say."""
        units = ColumnUnits()
        for item in self._measurements():
            if isinstance(item, Measurement) and item.model in names.models and item.dataset in names.datasets:
                try:
                    value: Reading | OutOfRange = self._read(item.value)
                except OutOfRange as error:
                    value = error
                except BadValue:
                    continue
                self._count(units, item, value)
        return units

    def _require_accuracies(self) -> None:
        values = self._units.joined
        if not self._table.row_units and (oddity := values.oddity) is not None:
            raise RawDataError(f"'{self._table.name}' holds no accuracies as it seems: {oddity}. {_SCORES_REMEDY}")
        # In a matrix, rows of all columns can change together.
        for survey in (values,) if self._matrix is not None else self._units.surveys:
            if (change := survey.find_change()) is not None:
                line, before, after = change
                raise RawDataError(
                    f"'{self._table.name}' changes its unit: values look like {before.value} before line {line}, and "
                    f"like {after.value} from there on. Make them alike, or say --unit, which then holds for all of "
                    "them. Nothing was stored."
                )

    def _require_unit_of_heading(self) -> None:
        """Refuse fractions below a heading that says percent: it may be either, as spreadsheets write it."""
        if isinstance(self._layout, Matrix) or self._units.joined.unit is Unit.PERCENT:
            return
        heading = self._layout.columns["value"]
        if _SAYS_PERCENT.search(heading) and self._units.joined.fraction.count:
            raise RawDataError(
                f"'{self._table.name}' has a column '{heading}' without a value above 1. Say --unit percent if 0.9 is "
                "0.9 % there, or --unit fraction if it is 90 %."
            )

    def _make(self, item: Measurement, value: Reading, model: str, dataset: str) -> Run:
        unit = self._settings.unit or self._units.get(self._column(item))
        if self._settings.unit is None and unit is Unit.PERCENT and not value.percent and 0 < value.number <= 1:
            raise BadValue(
                f"the value {value.number} looks like a fraction in a column in percent: say --unit percent if it is "
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
            fields[name] = read_whole_number(name, fields[name], self._table.decimal_comma)
        for name in _KINDS & fields.keys():
            try:
                fields[name] = read_whole_number(name, fields[name], self._table.decimal_comma)
            except BadValue as error:
                raise BadTable(f"{error}. Correct it, or rename the column if it holds something else.") from error
        if "measured_at" in fields:
            fields["measured_at"] = _read_time(fields["measured_at"])
        run = Run(
            **fields,
            model=model,
            dataset=dataset,
            value=convert(value, unit),
            hyperparameters=_in_unit(item.hyperparameters, unit),
        )
        self.without_protocol += "protocol" not in item.fields
        return run


def _in_unit(settings: Mapping[str, Any], unit: Unit) -> dict[str, Any]:
    """Return settings whose ``spread``, which is in the unit of the value, is a fraction as the value is."""
    spread = settings.get("spread")
    if unit is not Unit.PERCENT or isinstance(spread, bool) or not isinstance(spread, int | float):
        return dict(settings)
    return {**settings, "spread": float(Decimal(str(spread)).scaleb(-2))}


def _read_time(text: str) -> datetime | None:
    if is_unknown(text):
        return None
    try:
        return in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        raise BadValue(f"the time '{text[:LONGEST_NAME]}' is not as in 2024-12-31T23:59:00Z") from error
