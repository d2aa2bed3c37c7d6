"""Rows about models, datasets or collections, as a table, as JSON, or as a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zoograph.data.files.csv_cells import guard
from zoograph.scripts.terminal.files import require_place, write_file
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table

Rows = list[dict[str, Any]]


def put_rows(
    kind: str, rows: Rows, headings: Mapping[str, str], limit: int, to_csv: Path | None, as_json: bool
) -> None:
    """Write the rows to a CSV file if there is one, and print them as a table or as JSON.

    Args:
        kind: what the rows are, in the plural.
        rows: all with the same keys.
        headings: of the columns of the table, by key; the first is the name.
        limit: rows of the table; 0 for all.
        to_csv: the file.
        as_json: whether to print JSON.
    """
    if to_csv is not None:
        require_place(to_csv, "--csv")
        write_file(to_csv, as_csv(rows), "--csv")
    if as_json:
        print_json(f"zoo list {kind}", {kind: rows, "file": to_csv and str(to_csv)})
        return
    shown = rows[:limit] if limit else rows
    first, *others = headings
    print_table(
        kind.capitalize(),
        tuple(headings.values()),
        [[_cell(row[key]) for key in headings] for row in shown],
        names={headings[key] for key in others if any(isinstance(row[key], str | list) for row in shown)},
        copied={headings[first]},
    )
    print_notes(list(_notes(kind, len(rows), len(shown), to_csv)))


def _notes(kind: str, count: int, shown: int, to_csv: Path | None) -> Iterator[str]:
    hidden = f"; the first {shown} are shown, --limit 0 shows all" if shown < count else ""
    yield f"{count:,} {kind}{hidden}."
    if to_csv is not None:
        yield f"All of them are in {to_csv}."


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return " → ".join(value) or "–"
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows with the same keys as CSV; words of a list are joined with semicolons."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(rows[0] if rows else ())
    for row in rows:
        cells = ("; ".join(value) if isinstance(value, list) else value for value in row.values())
        writer.writerow([guard(cell) if isinstance(cell, str) else cell for cell in cells])
    return buffer.getvalue()
