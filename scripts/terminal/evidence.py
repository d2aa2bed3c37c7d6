"""Tables of what a prediction rests on, in 80 columns or more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from zoograph.training.answers.evidence import Evidence

WIDE = 100
_NAMES = ("model", "dataset", "score", "reference", "class", "corpus", "block")
SIMILARITY_NOTE = (
    "similarity: from 0 to 1, the correlation of accuracies that the predictor expects before any record. "
    "points: the prediction with the record minus the prediction without it."
)


def evidence_tables(why: Evidence, dataset: str, wide: bool) -> list[Table]:
    """Return the nearest measured datasets and models, and the records that moved the prediction most."""
    return [
        make_table(
            f"Measured datasets most like {dataset}",
            ("dataset", "similarity", "measured there", "best there", "model"),
            [
                (
                    d.dataset,
                    f"{d.similarity:.2f}",
                    format_number(d.measured, ".3f"),
                    f"{d.best_measured:.3f}",
                    d.best_model,
                )
                for d in why.datasets
            ],
            wide,
        ),
        make_table(
            f"Measured models most like {why.model}",
            ("model", "similarity", "measured here"),
            [(m.model, f"{m.similarity:.2f}", format_number(m.measured, ".3f")) for m in why.models],
            wide,
        ),
        make_table(
            "Records that moved the prediction most",
            ("model", "dataset", "measured", "points"),
            [(r.model, r.dataset, f"{r.measured:.3f}", f"{r.points:+.2f}") for r in why.records],
            wide,
        ),
    ]


def make_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], wide: bool) -> Table:
    """Return a table whose names fold and whose numbers do not; without lines between columns if it is narrow."""
    table = Table(title=escape(title))
    if not wide:
        table.box, table.pad_edge, table.collapse_padding = box.SIMPLE_HEAD, False, True
    for heading in headings:
        if heading in _NAMES:
            table.add_column(heading, overflow="fold")
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    return table


def format_number(value: float | None, form: str, unit: str = "") -> str:
    """Return a number, or a dash for one that is not known."""
    return "–" if value is None else f"{value:{form}}{unit}"
