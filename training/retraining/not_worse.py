r"""Not worse: what a challenger has to show of its errors and of its intervals before it may answer.

A difference that is "not significant" shows nothing where little was compared. A challenger is as good as the champion
if the upper end of the 95 % interval of the difference is below a margin that is stated beforehand (a test of
non-inferiority; Walker and Nowacki, 2011, "Understanding Equivalence and Noninferiority Testing"). Families of datasets
are the independent units that the interval is drawn from.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch import Tensor

from zoograph.models.method import COVERAGE, Prediction
from zoograph.training.evaluation.bootstrap import Comparison, compare_draws, paired_bootstrap, unit_means
from zoograph.training.evaluation.metrics import interval_scores, to_numbers

ERROR_MARGIN = 0.03
"""Of the champion's mean absolute error."""
LEAST_ERROR_MARGIN = 0.0005
SCORE_MARGIN = 0.10
"""Of the champion's mean interval score."""
COVERAGE_MARGIN = 0.075
"""By which coverage may fall short of 90 % more than the champion's does."""


class Check(NamedTuple):
    """One thing that must not be worse.

    Attributes:
        measure: ``error``, ``interval score`` or ``shortfall of coverage``; all are losses.
        where: on which cells.
        found: difference of the challenger less the champion.
        margin: what the upper end of its interval must stay below.
    """

    measure: str
    where: str
    found: Comparison
    margin: float

    @property
    def holds(self) -> bool:
        """Whether the challenger is shown to be not worse."""
        return self.found.upper < self.margin

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        signs = f"{self.found.difference:+.4f} ({self.found.lower:+.4f} to {self.found.upper:+.4f}"
        return f"{self.measure} {self.where} {signs}, 95 % over {self.found.num_units} families of datasets)"


def check_error(new: Prediction, old: Prediction, target: Tensor, families: Tensor, where: str) -> Check:
    """Return whether the mean absolute error of (n,) cells is not worse.

    Args:
        new: what the challenger says.
        old: what the champion says.
        target: (n,) what was measured.
        families: (n,) of the cells' datasets; two or more.
        where: in words.
    """
    mine, other = ((answer.mean - target).abs() for answer in (new, old))
    margin = max(ERROR_MARGIN * float(other.mean()), LEAST_ERROR_MARGIN)
    return Check("error", where, paired_bootstrap(mine, other, families), margin)


def check_intervals(new: Prediction, old: Prediction, target: Tensor, families: Tensor, where: str) -> list[Check]:
    """Return whether the interval score is not worse, and whether coverage falls no shorter of 90 %.

    Intervals that hold more than 90 % may become narrower: what counts of coverage is what is missing to 90 %.
    """
    mine, other = (interval_scores(answer, target) for answer in (new, old))
    margin = max(SCORE_MARGIN * float(other.mean()), LEAST_ERROR_MARGIN)
    inside = np.stack([to_numbers((a.lower <= target) & (target <= a.upper)) for a in (new, old)], axis=1)
    drawn, mean = ((COVERAGE - part).clip(min=0) for part in (unit_means(inside, families), inside.mean(0)))
    units = len(families.unique())
    shortfall = compare_draws(float(mean[0] - mean[1]), drawn[:, 0] - drawn[:, 1], units)
    return [
        Check("interval score", where, paired_bootstrap(mine, other, families), margin),
        Check("shortfall of coverage", where, shortfall, COVERAGE_MARGIN),
    ]
