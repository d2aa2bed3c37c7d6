"""The table of how scores agree with measured accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zoograph.scripts.terminal.printed.tables import print_table

if TYPE_CHECKING:
    from zoograph.training.evaluation.score_quality import Agreement, ScoreQuality


def print_quality(rows: Sequence[ScoreQuality]) -> None:
    """Print a line a score, then the means that they are held against."""
    print_table(
        "Kendall's τ-b with the accuracy of retrained heads (± standard error), ranking",
        ("score", "models on a task", "tasks for a model", "pairs"),
        [(row.name, _cell(row.models), _cell(row.tasks), f"{row.num_pairs:,}") for row in rows],
        names={"score"},
    )


def _cell(agreement: Agreement | None) -> str:
    if agreement is None:
        return "–"
    error = "" if agreement.standard_error is None else f" ± {agreement.standard_error:.3f}"
    return f"{agreement.mean:.3f}{error}"
