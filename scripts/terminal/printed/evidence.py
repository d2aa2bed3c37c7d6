"""Tables of what a prediction rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoograph.scripts.terminal.printed.tables import print_table

if TYPE_CHECKING:
    from zoograph.training.answers.evidence import Evidence


_LEAST_POINTS = 0.005
"""Less is none in the two digits that are printed."""


def print_evidence(why: Evidence, dataset: str) -> None:
    """Print the nearest measured datasets and models, and the records that moved the prediction most."""
    print_table(
        f"Measured datasets most like {dataset}",
        ("dataset", "similarity", "measured there", "best there", "model"),
        [
            (d.dataset, f"{d.similarity:.2f}", format_number(d.measured, ".3f"), f"{d.best_measured:.3f}", d.best_model)
            for d in why.datasets
        ],
        names={"dataset", "model"},
    )
    print_table(
        f"Measured models most like {why.model}",
        ("model", "similarity", "measured here"),
        [(m.model, f"{m.similarity:.2f}", format_number(m.measured, ".3f")) for m in why.models],
        names={"model"},
    )
    print_table(
        "Records that moved the prediction most",
        ("model", "dataset", "measured", "runs", "points"),
        [
            (r.model, r.dataset, f"{r.measured:.3f}", str(r.num_runs), f"{r.points:+.2f}")
            for r in why.records
            if abs(r.points) >= _LEAST_POINTS
        ],
        names={"model", "dataset"},
    )


def format_number(value: float | None, form: str, unit: str = "") -> str:
    """Return a number, or a dash for one that is not known."""
    return "–" if value is None else f"{value:{form}}{unit}"
