"""Tables of collections as Markdown, for the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from zoograph.training.evaluation.collections.significance import Versus
from zoograph.training.evaluation.collections.tables import Line, Table
from zoograph.training.evaluation.table import PROJECT


class Column(NamedTuple):
    """A measure in a table.

    Attributes:
        measure: its name.
        heading: for people.
        digits: behind the decimal point.
    """

    measure: str
    heading: str
    digits: int = 3


COLUMNS = (
    Column("pearson", "Pearson"),
    Column("kendall", "τ-b"),
    Column("weighted_tau", "wtd τ"),
    Column("regret_at_1", "regret@1"),
    Column("regret_at_3", "regret@3"),
    Column("ndcg_at_5", "NDCG@5"),
    Column("orders", "orders"),
    Column("mae", "MAE", 4),
    Column("coverage", "coverage", 2),
    Column("width", "width"),
)
WORST = "on the worst dataset of each number"


def title(table: Table) -> str:
    """Return what a table is about and how much was asked."""
    name = f"{table.collection}, {table.protocol}"
    if table.reason is not None:
        return name
    asked = f"{table.num_questions} of {table.num_all} questions, {table.num_cells} cells, {table.num_models} models"
    return f"{name}: {asked}, {table.num_datasets} datasets of {table.num_families} families"


def shown(table: Table) -> list[Column]:
    """Return the columns that have a value in some line."""
    return [column for column in COLUMNS if any(column.measure in line.means for line in table.lines)]


def cells(table: Table) -> list[list[str]]:
    """Return the rows of a table as text: methods that were asked, and the best one's worst datasets."""
    columns = shown(table)
    rows = []
    for line in table.lines:
        if line.reason is None:
            rows.append([line.method, *(_number(line.means.get(c.measure), c.digits) for c in columns), _worst(line)])
            if line.method == PROJECT:
                worst = [line.worst[c.measure][1] if c.measure in line.worst else None for c in columns]
                rows.append([WORST, *(_number(v, c.digits) for v, c in zip(worst, columns, strict=True)), ""])
    return rows


def notes(table: Table) -> list[str]:
    """Return why there is no table or no line, what coverage may be, and what is significant."""
    if table.reason is not None:
        return [table.reason]
    found = [f"{line.method}: {line.reason}" for line in table.lines if line.reason is not None]
    for line in table.lines:
        if line.method == PROJECT and line.coverage_interval is not None:
            low, high = line.coverage_interval
            found.append(f"{PROJECT}: coverage of all cells {low:.2f} to {high:.2f}, 95 % over families of datasets")
    return found + [sentence(versus) for versus in table.comparisons]


def sentence(versus: Versus) -> str:
    """Return a comparison in words."""
    interval = f"{versus.lower:+.4f} to {versus.upper:+.4f}"
    return (
        f"{versus.method} against {versus.other}, loss of {versus.measure}: {versus.difference:+.4f} "
        f"(95 % bootstrap over {versus.num_units} {versus.units} {interval}; negative is better)"
    )


def headings(table: Table) -> list[str]:
    """Return the headings of :func:`cells`."""
    return ["method", *(column.heading for column in shown(table)), "worst dataset"]


def to_markdown(tables: Sequence[Table]) -> str:
    """Return all tables, a heading each."""
    parts = []
    for table in tables:
        parts.append(f"## {title(table)}")
        if table.reason is None:
            head = headings(table)
            parts.append("\n".join(_line(row) for row in (head, ["---"] * len(head), *cells(table))))
        parts += ["\n".join(f"- {note}" for note in notes(table))] if notes(table) else []
    return "\n\n".join(parts) + "\n"


def _line(row: Sequence[str]) -> str:
    return f"| {' | '.join(row)} |"


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _worst(line: Line) -> str:
    """Return the dataset that is ranked worst, or that has most orders wrong, or the largest error."""
    for measure in ("pearson", "orders", "mae"):
        if measure in line.worst:
            dataset, value = line.worst[measure]
            return f"{dataset} {value:.2f}"
    return ""
