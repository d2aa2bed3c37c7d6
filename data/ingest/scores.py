"""Transferability scores of tables: one a row, a column for each, or a matrix of one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.columns import KNOWN_AS, Measurement, find_column, find_matrix, require_columns, to_text
from zoograph.data.ingest.reader import TableReader
from zoograph.data.ingest.tables import Reject, Row
from zoograph.data.ingest.values.numbers import read_score
from zoograph.data.records.naming.spellings import is_score_name, read_score_name
from zoograph.data.records.records import Score

_NAME = "score"
_COLUMNS = {
    "model": KNOWN_AS["model"],
    "dataset": KNOWN_AS["dataset"],
    _NAME: ("score", "score_name", "name"),
    "value": ("value", "score_value"),
    "source": ("source",),
}


@dataclass(frozen=True)
class ScoreColumns:
    """A table whose rows each name a model and a dataset.

    Attributes:
        columns: our field -> its column; ``score`` is the name of the score.
        wide: column -> the score that it holds; empty for one score a row.
        score: name of the score, of rows that do not say.
        model: of rows that name none.
        dataset: likewise.
    """

    columns: Mapping[str, str]
    wide: Mapping[str, str]
    score: str = ""
    model: str = ""
    dataset: str = ""

    def measurements(self, row: Row) -> Iterator[Measurement]:
        """Yield the scores of a row; an empty cell of a column for one score was not measured."""
        taken = {name: to_text(row.cells.get(column)) for name, column in self.columns.items()}
        model, dataset = taken.get("model") or self.model, taken.get("dataset") or self.dataset
        about = {name: taken[name] for name in ("source",) if taken.get(name)}
        for column, score in self.wide.items():
            if text := to_text(row.cells.get(column)):
                yield Measurement(row.line, model, dataset, text, {**about, _NAME: score})
        if not self.wide:
            name = taken.get(_NAME) or self.score
            yield Measurement(row.line, model, dataset, taken["value"], {**about, _NAME: name})


class ScoreReader(TableReader[Score]):
    """Reads the scores of one table."""

    def _find_layout(self) -> None:
        settings, table = self._settings, self._table
        score = settings.score and read_score_name(settings.score)
        chosen = {_field(name): column for name, column in settings.mapping.items()}
        require_columns(chosen.values(), table)
        found = {name: find_column(table, name, known_as, chosen.values()) for name, known_as in _COLUMNS.items()}
        columns = {name: column for name, column in found.items() if column is not None} | chosen
        if score and "value" not in columns and _NAME in columns:
            columns["value"] = columns.pop(_NAME)  # its values, because the name is said
        wide = (
            {} if "value" in columns else {name: read_score_name(name) for name in table.columns if is_score_name(name)}
        )
        given = {"model": settings.model, "dataset": settings.dataset}
        missing = [name for name in ("model", "dataset") if name not in columns and not given[name]]
        self.layout = "tidy"
        if not missing and (wide or ("value" in columns and (score or _NAME in columns))):
            self._columns = ScoreColumns(columns, wide, score, settings.model, settings.dataset)
            return
        self._matrix = find_matrix(table) if score and not wide and "value" not in columns else None
        self.layout, self._score = "matrix", score
        if self._matrix is None:
            raise RawDataError(
                f"'{table.name}' needs columns 'model', 'dataset', 'score' and 'value', or a column for each score "
                f"(got {', '.join(table.columns)}). Say others with --map, the score of a matrix or of all rows with "
                "--score NAME, and their one model or dataset with --model or --dataset."
            )

    def _split(self, row: Row) -> Iterator[Measurement | Reject]:
        if self._matrix is None:
            yield from self._columns.measurements(row)
            return
        for item in self._matrix.measurements(row):
            yield replace(item, fields={_NAME: self._score})

    def _read(self, text: str) -> float:
        return read_score(text, self._table.decimal_comma)

    def _make(self, item: Measurement, value: float, model: str, dataset: str) -> Score:
        source = item.fields.get("source", self._settings.source)
        name = read_score_name(item.fields[_NAME])
        return Score(source=source, model=model, dataset=dataset, name=name, value=value)


def _field(name: str) -> str:
    if name not in _COLUMNS:
        raise RawDataError(f"--map knows no field '{name}' of a score. Known are {', '.join(_COLUMNS)}.")
    return name
