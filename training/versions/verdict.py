"""Verdict on a version: how it was trained, and what became of it when it met the one before."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Verdict(BaseModel):
    """The record of one training, kept with the version that came out of it.

    Errors are mean absolute errors on held-out cells that neither side learned from or was conditioned on.

    Attributes:
        start: whether learning began anew or from the parent.
        full_records: runs that the last full training behind it learned from.
        seconds: from reading the store to the verdict.
        parent: the version that it met; None for the first one.
        num_cells: held-out cells; 0 if there were too few to compare.
        num_families: of the datasets of these cells: the independent units.
        error, coverage, interval_score: of this version, None if it was not compared.
        parent_error, parent_coverage, parent_interval_score: of the parent on the same cells.
        difference: this version's error less the parent's.
        lower, upper: its 95 % bootstrap interval over families of datasets.
        margin: what ``upper`` had to stay below.
        added: error that promotions in a row have added since the first version, by their estimates; 0 if they took
            some off. It narrows the margin of the next one, so that many small steps do not make a large one.
        promoted: whether it became the current one when it was saved.
        reason: why, in a sentence.
        suspects: new batches that the parent cannot believe; ``reason`` says why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: Literal["full", "warm"] = "full"
    full_records: int = 0
    seconds: float = 0.0
    parent: str | None = None
    num_cells: int = 0
    num_families: int = 0
    error: float | None = None
    coverage: float | None = None
    interval_score: float | None = None
    parent_error: float | None = None
    parent_coverage: float | None = None
    parent_interval_score: float | None = None
    difference: float | None = None
    lower: float | None = None
    upper: float | None = None
    margin: float | None = None
    added: float = 0.0
    promoted: bool = True
    reason: str = "The first one."
    suspects: tuple[str, ...] = ()
