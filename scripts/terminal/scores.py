"""The table of how scores agree with measured accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoograph.training.evaluation.score_quality import Agreement, ScoreQuality


def print_quality(rows: Sequence[ScoreQuality]) -> None:
    """Print a line a score, then the means that they are held against."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title="Kendall's τ-b with the accuracy of retrained heads (± standard error), ranking",
        title_justify="left",
        box=SIMPLE,
        pad_edge=False,
    )
    table.add_column("score", no_wrap=True)
    table.add_column("models on a task", justify="right", no_wrap=True)
    table.add_column("tasks for a model", justify="right", no_wrap=True)
    table.add_column("pairs", justify="right", no_wrap=True)
    for row in rows:
        table.add_row(row.name, _cell(row.models), _cell(row.tasks), f"{row.num_pairs:,}")
    Console().print(table)


def _cell(agreement: Agreement | None) -> str:
    if agreement is None:
        return "–"
    error = "" if agreement.standard_error is None else f" ± {agreement.standard_error:.3f}"
    return f"{agreement.mean:.3f}{error}"
