"""Metrics: how good predictions are, dataset by dataset, on cells that were never given.

Statistics are those of SciPy and scikit-learn. An accuracy, and every error, regret and width, is in [0, 1]:
0.01 is one point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from torch import Tensor

from zoograph.models.method import COVERAGE, INTERVAL_SIGMAS, Prediction

Array = NDArray[np.float64]

MIN_CELLS = 5
RANKING_METRICS = ("pearson", "kendall", "weighted_tau", "regret_at_1", "regret_at_3")
CELL_METRICS = ("mae", "rmse", "coverage", "width", "log_likelihood")

# Below a tenth of a point a stated uncertainty counts as that: a likelihood needs some.
_SMALLEST_SIGMA = 1e-3
# Accuracies this close are equal: what is left is rounding of float32.
_CONSTANT = 1e-6


@dataclass(frozen=True)
class Ranking:
    """How well the models of one dataset are ranked.

    Attributes:
        dataset: its node.
        num_cells: models that are compared.
        pearson: correlation of predicted and measured accuracy, in [-1, 1], higher is better. Like the next
            two, ``None`` where it is undefined: predictions or measurements are all the same.
        kendall: Kendall's tau-b, in [-1, 1], higher is better.
        weighted_tau: Vigna's weighted tau with hyperbolic weights, in [-1, 1], higher is better.
        regret_at_1: best measured accuracy less that of the model predicted best, in [0, 1], lower is better.
        regret_at_3: the same for the best of the three models predicted best.
    """

    dataset: int
    num_cells: int
    pearson: float | None
    kendall: float | None
    weighted_tau: float | None
    regret_at_1: float
    regret_at_3: float


@dataclass(frozen=True)
class Evaluation:
    """What predictions are worth.

    Rankings are means over ``rankings``, one vote a dataset; a correlation leaves out the datasets where it
    is undefined, and is ``None`` if that leaves nothing. The others are means over all asked cells, one vote
    a cell, those of datasets too small to rank included.

    Attributes:
        num_cells: asked cells.
        num_datasets: datasets that are ranked.
        num_small: datasets that are not, having too few asked cells.
        num_undefined: ranked datasets without a correlation.
        pearson, kendall, weighted_tau, regret_at_1, regret_at_3: see :class:`Ranking`.
        mae: mean absolute error, lower is better.
        rmse: root mean squared error, lower is better.
        coverage: share of measured accuracies inside their intervals; best is 0.9.
        width: mean width of the intervals; lower is better at the same coverage.
        log_likelihood: mean Gaussian log-likelihood a cell, in nats, higher is better; see :func:`evaluate`.
        rankings: of each ranked dataset.
        cold: the same for the cold-start cells alone, if they were named.
    """

    num_cells: int
    num_datasets: int
    num_small: int
    num_undefined: int
    pearson: float | None
    kendall: float | None
    weighted_tau: float | None
    regret_at_1: float | None
    regret_at_3: float | None
    mae: float
    rmse: float
    coverage: float
    width: float
    log_likelihood: float
    rankings: tuple[Ranking, ...]
    cold: Evaluation | None = None


def evaluate(
    prediction: Prediction,
    target: Tensor,
    pairs: Tensor,
    known: Tensor | None = None,
    cold: Tensor | None = None,
    min_cells: int = MIN_CELLS,
) -> Evaluation:
    r"""Judge predictions on cells that the method was not given.

    The log-likelihood reads each interval as that of a Gaussian around the mean,

    .. math:: \log \mathcal N(y \mid \mu, \sigma^2), \quad \sigma = \frac{u - l}{2 \cdot 1.6449},

    with :math:`\sigma \ge 0.001`. Intervals come clipped to [0, 1], so that near either end :math:`\sigma` is
    too small and the likelihood of a miss too low; compare methods that clip alike.

    Args:
        prediction: of n pairs.
        target: (n,) measured accuracies.
        pairs: (2, n) model and dataset nodes.
        known: (n,) bool, cells that the method was given; they count nowhere. Default: none.
        cold: (n,) bool, cells to judge once more by themselves.
        min_cells: a dataset with fewer asked cells is not ranked.

    Raises:
        ValueError: if lengths differ, a number is not finite, an interval is reversed, or nothing is asked.
    """
    numbers = [to_numbers(part) for part in (*prediction, target)]
    cells = _Cells._make([*numbers, pairs[1].numpy()])
    if len({len(part) for part in cells}) > 1:
        lengths = ", ".join(str(len(part)) for part in cells)
        raise ValueError(f"Predictions, targets and pairs need one length (got {lengths}).")
    if not all(np.isfinite(part).all() for part in cells) or (cells.lower > cells.upper).any():
        raise ValueError("Predictions and targets need finite numbers, and intervals their lower end first.")
    asked = np.ones(len(cells.mean), dtype=bool) if known is None else ~known.numpy()
    if not asked.any():
        raise ValueError("An evaluation needs a cell that is asked (got none).")
    coldest = asked & cold.numpy() if cold is not None else np.zeros_like(asked)
    return replace(
        _evaluate(cells.at(asked), min_cells),
        cold=_evaluate(cells.at(coldest), min_cells) if coldest.any() else None,
    )


def rank_dataset(dataset: int, predicted: Array, measured: Array) -> Ranking:
    """Compare (n,) predicted and measured accuracies of n models on one dataset."""
    return Ranking(
        dataset,
        len(measured),
        correlation(stats.pearsonr, predicted, measured),
        correlation(stats.kendalltau, predicted, measured),
        correlation(stats.weightedtau, predicted, measured),
        regret(predicted, measured, 1),
        regret(predicted, measured, 3),
    )


def regret(predicted: Array, measured: Array, k: int) -> float:
    """Return how much accuracy is lost by trying the ``k`` models predicted best instead of all.

    Models that are predicted alike are tried in random order, and this is the mean over all orders: a method
    that predicts the same for every model is worth a blind guess, however its models are listed.

    Returns:
        Best measured accuracy less the best among the ``k``, in [0, 1], lower is better.
    """
    k = min(k, len(predicted))
    last = np.sort(predicted)[-k]
    sure = measured[predicted > last]
    tied = np.sort(measured[predicted == last])[::-1]
    num_drawn = k - len(sure)
    # The best of those drawn is the j-th best of the tied ones if the others are drawn from below it.
    chance = np.array([math.comb(len(tied) - 1 - j, num_drawn - 1) for j in range(len(tied))], dtype=float)
    best = np.maximum(tied, sure.max(initial=-np.inf))
    return float(measured.max() - best @ (chance / chance.sum()))


class Summary(NamedTuple):
    """One metric over folds or seeds.

    Attributes:
        mean: over the evaluations where it is defined; ``None`` if there is none.
        std: sample standard deviation, ``None`` for fewer than two.
        num_defined: evaluations where it is defined.
    """

    mean: float | None
    std: float | None
    num_defined: int


def summarise(evaluations: Sequence[Evaluation]) -> dict[str, Summary]:
    """Return the summary of each metric over folds or seeds; those of the cold cells begin with ``cold_``."""
    colds = [evaluation.cold for evaluation in evaluations if evaluation.cold is not None]
    return {
        prefix + name: _summary([getattr(part, name) for part in parts])
        for prefix, parts in (("", evaluations), ("cold_", colds))
        for name in (*RANKING_METRICS, *CELL_METRICS)
    }


class _Cells(NamedTuple):
    mean: Array
    lower: Array
    upper: Array
    truth: Array
    datasets: NDArray[np.int64]

    def at(self, mask: NDArray[np.bool_]) -> _Cells:
        return _Cells._make(part[mask] for part in self)


def _evaluate(cells: _Cells, min_cells: int) -> Evaluation:
    mean, lower, upper, truth, datasets = cells
    rankings = tuple(rank_dataset(d, mean[c], truth[c]) for d, c in cells_by_dataset(datasets, min_cells))
    sigma = np.maximum((upper - lower) / (2 * INTERVAL_SIGMAS), _SMALLEST_SIGMA)
    return Evaluation(
        num_cells=len(truth),
        num_datasets=len(rankings),
        num_small=len(np.unique(datasets)) - len(rankings),
        num_undefined=sum(ranking.pearson is None for ranking in rankings),
        pearson=mean_defined([ranking.pearson for ranking in rankings]),
        kendall=mean_defined([ranking.kendall for ranking in rankings]),
        weighted_tau=mean_defined([ranking.weighted_tau for ranking in rankings]),
        regret_at_1=mean_defined([ranking.regret_at_1 for ranking in rankings]),
        regret_at_3=mean_defined([ranking.regret_at_3 for ranking in rankings]),
        mae=float(mean_absolute_error(truth, mean)),
        rmse=float(root_mean_squared_error(truth, mean)),
        coverage=float(((lower <= truth) & (truth <= upper)).mean()),
        width=float((upper - lower).mean()),
        log_likelihood=float(stats.norm.logpdf(truth, mean, sigma).mean()),
        rankings=rankings,
    )


def cells_by_dataset(datasets: NDArray[np.int64], min_cells: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield each dataset that has ``min_cells`` cells or more, with the positions of its cells."""
    order = np.argsort(datasets, kind="stable")
    present, starts = np.unique(datasets[order], return_index=True)
    for dataset, cells in zip(present, np.split(order, starts[1:]), strict=True):
        if len(cells) >= min_cells:
            yield int(dataset), cells


def interval_scores(answer: Prediction, target: Tensor, coverage: float = COVERAGE) -> Tensor:
    r"""Return (n,) interval scores, in units of accuracy; lower is better.

    .. math:: (u - l) + \frac{2}{\alpha}\,(l - y)_+ + \frac{2}{\alpha}\,(y - u)_+, \qquad \alpha = 1 - \text{coverage}

    Its mean is least for the interval between the true quantiles (Gneiting and Raftery, 2007, "Strictly Proper Scoring
    Rules, Prediction, and Estimation", eq. 43): too wide costs as well as too narrow.
    """
    missed = (answer.lower - target).clamp(min=0) + (target - answer.upper).clamp(min=0)
    return (answer.upper - answer.lower) + 2 / (1 - coverage) * missed


def correlation(
    statistic: Callable[[Array, Array], tuple[float, float]], predicted: Array, measured: Array
) -> float | None:
    """Return a correlation of SciPy's; None if all numbers of either side are the same."""
    if np.ptp(predicted) <= _CONSTANT or np.ptp(measured) <= _CONSTANT:
        return None
    return float(statistic(predicted, measured)[0])


def to_numbers(values: Tensor) -> Array:
    """Return a tensor as float64."""
    return values.detach().double().numpy()


def mean_defined(values: Sequence[float | None]) -> float | None:
    """Return the mean of the values that are not None; None if there is none."""
    return _summary(values).mean


def _summary(values: Sequence[float | None]) -> Summary:
    defined = [value for value in values if value is not None]
    return Summary(
        float(np.mean(defined)) if defined else None,
        float(np.std(defined, ddof=1)) if len(defined) > 1 else None,
        len(defined),
    )
