"""What a replay comes to: a line a policy for each collection, and whether the regret that was stated was true."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from pydantic import BaseModel

from zoograph.training.choosing.replays.replay import CHOOSE, Replayed

SCORE = "score-"
BEST_SCORE = "best single score"


class Line(BaseModel):
    """One policy in one collection; means over its datasets.

    Attributes:
        policy: its name; the best of all single scores is chosen in hindsight, and named in brackets.
        area: points of accuracy that the pick loses, mean over the budget; lower is better.
        first: the same before anything is measured, and ``last`` when the budget is spent.
        found: share of datasets where the best, or a model within half a point, is among the first five measured.
        stated: expected regret in points when the policy stops; None if it states none.
        true: what its pick then loses.
        measured: after how many measurements it stops.
        worst: dataset with the largest area, and ``worst_area``.
    """

    policy: str
    area: float
    first: float
    last: float
    found: float
    stated: float | None
    true: float
    measured: float
    worst: str
    worst_area: float


class ReplayTable(BaseModel):
    """One collection.

    Attributes:
        collection: its name.
        protocol: what is left out of it.
        reason: why there are no lines; None if there are.
        num_questions: that were asked, of ``num_all``.
        num_datasets: that were chosen for.
        lines: ``choose`` first, then the others by area.
    """

    collection: str
    protocol: str
    reason: str | None = None
    num_questions: int = 0
    num_all: int = 0
    num_datasets: int = 0
    lines: list[Line] = []

    @property
    def against_best(self) -> float | None:
        """Area of ``choose`` over that of the best other policy; lower is better, None if either lost nothing."""
        others = [line.area for line in self.lines if line.policy != CHOOSE]
        return self.lines[0].area / min(others) if others and min(others) > 0 else None


def tabulate(replayed: Sequence[Replayed]) -> list[Line]:
    """Return a line for each policy; of the single scores, only the one with the smallest area."""
    groups: dict[str, list[Replayed]] = {}
    for record in replayed:
        groups.setdefault(record.policy, []).append(record)
    lines = [_line(policy, records) for policy, records in groups.items()]
    scores = sorted((line for line in lines if line.policy.startswith(SCORE)), key=lambda line: line.area)
    for line in scores[:1]:
        named = f"{BEST_SCORE} ({line.policy.removeprefix(SCORE)})"
        lines = [each for each in lines if each not in scores] + [line.model_copy(update={"policy": named})]
    return sorted(lines, key=lambda line: (line.policy != CHOOSE, line.area))


def _line(policy: str, records: Sequence[Replayed]) -> Line:
    worst = max(records, key=lambda record: record.area)
    stated = [record.stated[record.stop] for record in records if record.stated is not None]
    return Line(
        policy=policy,
        area=100 * fmean(record.area for record in records),
        first=100 * fmean(record.regrets[0] for record in records),
        last=100 * fmean(record.regrets[-1] for record in records),
        found=fmean(record.found for record in records),
        stated=100 * fmean(stated) if stated else None,
        true=100 * fmean(record.regrets[record.stop] for record in records),
        measured=fmean(record.stop for record in records),
        worst=worst.dataset,
        worst_area=100 * worst.area,
    )
