"""JSON of commands: one shape, and a page that names every field."""

from __future__ import annotations

import json
from datetime import date

import pytest

from zoograph.scripts.terminal.messages import listening, warn
from zoograph.scripts.terminal.output import SCHEMAS, print_error, print_json


def test_a_document_has_a_schema_and_notes(capsys: pytest.CaptureFixture[str]) -> None:
    with listening():
        warn("Mind the gap.")
        print_json("export", {"runs": 3, "file": date(2024, 1, 2)}, ["A note."])
    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["schema", "runs", "file", "notes"]
    assert document == {"schema": 1, "runs": 3, "file": "2024-01-02", "notes": ["Mind the gap.", "A note."]}


def test_a_document_of_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_json("undo --list", {"batches": [1, 2]}, indent=None)
    assert capsys.readouterr().out == '{"schema": 1, "batches": [1, 2], "notes": []}\n'


def test_an_error_has_a_kind(capsys: pytest.CaptureFixture[str]) -> None:
    print_error("StoreError", "Gone.", 2)
    assert json.loads(capsys.readouterr().out) == {
        "schema": SCHEMAS["error"],
        "error": {"kind": "StoreError", "message": "Gone.", "exit_code": 2},
    }


def test_the_page_has_a_section_for_every_document(documented: dict[str, set[str]]) -> None:
    assert set(documented) == set(SCHEMAS) - {"error"}
    assert all(documented.values())
