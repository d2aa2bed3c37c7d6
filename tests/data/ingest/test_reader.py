"""Readers: a toy one, so that what all of them do is told from what cells mean."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.checks import KnownCards
from zoograph.data.ingest.columns import Measurement
from zoograph.data.ingest.names import FoundNames, ResolvedNames
from zoograph.data.ingest.reader import BadTable, IngestSettings, TableReader, require_names
from zoograph.data.ingest.rejects import Rejects
from zoograph.data.ingest.tables import Reject, Row, RowTable
from zoograph.data.ingest.values.numbers import BadValue, read_whole_number
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import Relation


class Toy(TableReader[Relation]):
    """Reads lengths of names."""

    def _find_layout(self) -> None:
        self.layout = "toy"

    def _split(self, row: Row) -> Iterator[Measurement | Reject]:
        yield Measurement(row.line, row.cells["model"], "pets", row.cells["value"])

    def _read(self, text: str) -> int:
        if not text:
            raise BadValue("nothing is there")
        return len(text)

    def _make(self, item: Measurement, value: int, model: str, dataset: str) -> Relation:
        if value > 9:
            raise BadTable("it is too long.")
        return Relation(source="s", dataset=model, other=dataset, name="n", value=value)


def _read(*rows: tuple[str, str]) -> tuple[Toy, list[Relation], dict[str, int]]:
    table = RowTable("t", [Row(line, {"model": model, "value": value}) for line, (model, value) in enumerate(rows, 2)])
    found = FoundNames()
    reader = Toy(table, IngestSettings(), found)
    names = ResolvedNames({"a": "A"}, {"pets": "pets"}, held={("model", "b"): "nobody knows b"})
    cards = KnownCards([ModelCard(id="A", source="s")], [DatasetCard(id="pets", source="s")])
    assert set(found.models) <= {"a", "b"}
    with Rejects(None, always=False) as log:
        return reader, list(reader.records(names, cards, log)), log.reasons


def test_records_are_made_of_known_names_and_the_rest_is_counted() -> None:
    reader, records, reasons = _read(("a", "xx"), ("b", "x"), ("a", ""), ("", "x"))
    assert [(record.dataset, record.value) for record in records] == [("A", 2.0)]
    assert reasons == {"nobody knows b": 1, "nothing is there": 1, "the model is missing": 1}
    report = reader.report()
    assert (report.layout, report.good, report.rejected, report.held_back, report.unit) == ("toy", 1, 2, 1, None)
    assert (reader.models, reader.datasets) == ({"A"}, {"pets"})


def test_a_doubtful_table_names_the_line() -> None:
    with pytest.raises(RawDataError, match=r"'t', line 3: it is too long. Nothing was stored."):
        _read(("a", "x"), ("a", "x" * 10))


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,000", 1000), ("100.0", 100), ("-3", -3), (str(2**63 - 1), 2**63 - 1), ("nan", None), ("", None)],
)
def test_whole_numbers_are_read_as_people_write_them(text: str, number: int | None) -> None:
    assert read_whole_number("seed", text) == number


@pytest.mark.parametrize("text", ["1.5", "x", str(2**63), "1e3"])
def test_other_numbers_are_none(text: str) -> None:
    with pytest.raises(BadValue, match=r"the seed '.*' is no whole number"):
        read_whole_number("seed", text)


def test_names_are_printable_and_short() -> None:
    require_names(Measurement(1, "größe", "d", ""))
    for name, reason in (("", "is missing"), ("a\x1b", "control character"), ("x" * 301, "longer than 300 signs")):
        with pytest.raises(BadValue, match=f"dataset.*{reason}"):
            require_names(Measurement(1, "m", name, ""))
