"""Reports of ingesting: plurals, notes of tables, and what each kind of record is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zoograph.data.ingest.report import IngestReport, TableReport
from zoograph.data.ingest.values.units import Unit
from zoograph.data.records.records import Protocol


def _report(*tables: TableReport, **fields: Any) -> IngestReport:
    given = {
        **{"batch": None, "dry_run": False, "new": 1, "new_models": (), "new_datasets": (), "reasons": {}},
        **{"protocol": Protocol.HEAD, "rejects": None},
    }
    return IngestReport(**{**given, **fields}, tables=tables)


def _table(**fields: Any) -> TableReport:
    given = {"name": "r.csv", "layout": "tidy", "unit": Unit.PERCENT, "against_unit": 0, "good": 1}
    return TableReport(**{**given, "rejected": 0, "held_back": 0, **fields})


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ({"new": 1}, "1 run is new, 0 are known or came twice."),
        ({"new": 0, "dry_run": True}, "0 runs would be new, 1 is known or came twice."),
        ({"new": 1, "kind": "scores"}, "1 score is new, 0 are known or came twice."),
    ],
)
def test_the_first_note_counts_in_right_plurals(fields: dict[str, Any], note: str) -> None:
    assert _report(_table(), **fields).notes[0] == note


def test_scores_have_no_protocol() -> None:
    assert len(_report(_table(unit=None), kind="scores").notes) == 1
    assert "taken as retrained head" in _report(_table(without_protocol=1)).notes[1]


def test_a_file_of_rejects_that_holds_none_is_not_spoken_of() -> None:
    assert not any("Left out" in note for note in _report(_table(), rejects=Path("x.csv")).notes)
    assert any("Left out" in note for note in _report(_table(rejected=1), rejects=Path("x.csv")).notes)


def test_the_protocol_is_no_matter_where_all_rows_name_theirs() -> None:
    assert len(_report(_table()).notes) == 1


def test_faults_are_notes_of_tables_odd_units_and_reasons() -> None:
    report = _report(_table(against_unit=2, rejected=2, notes=("It is old.",)), reasons={"it is odd": 2})
    assert report.faults == (
        "It is old.",
        "r.csv is in percent; 2 values look otherwise and were rejected.",
        "2 × it is odd",
        "Say --unit if the unit of a file is another.",
    )
    assert report.num_left_out == 2
    assert report.to_frame()["unit"].tolist() == ["percent"]
