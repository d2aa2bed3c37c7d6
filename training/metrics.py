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
import torch
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import Split
from zoograph.models.method import COVERAGE, Prediction

Array = NDArray[np.float64]

MIN_CELLS = 5
RANKING_METRICS = ("pearson", "kendall", "weighted_tau", "regret_at_1", "regret_at_3")
CELL_METRICS = ("mae", "rmse", "coverage", "width", "log_likelihood")

# Half the width of a 90 % interval in standard deviations of a Gaussian: 1.6449.
_HALF_WIDTH = float(stats.norm.ppf((1 + COVERAGE) / 2))
# Below a tenth of a point a stated uncertainty counts as that: a likelihood needs some.
_SMALLEST_SIGMA = 1e-3
# Accuracies this close are equal: what is left is rounding of float32.
_CONSTANT = 1e-6
_BOOTSTRAP_CHUNK = 1000


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
    numbers = [_numbers(part) for part in (*prediction, target)]
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
        _correlation(stats.pearsonr, predicted, measured),
        _correlation(stats.kendalltau, predicted, measured),
        _correlation(stats.weightedtau, predicted, measured),
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


def paper_average(prediction: Prediction, graph: HeteroData, split: Split) -> float | None:
    """Return the average that the SCG4Trf paper reports, for comparison with its table only.

    Per dataset, Pearson correlation over *all* its models, with measured values standing in for the
    predictions of known cells; mean over datasets, those left out where it is undefined. It flatters: on a
    dataset that keeps 90 % of its records nine of ten "predictions" are the answers themselves. And it
    punishes a wrong level, however well it ranks, because predictions are mixed with measurements.

    Args:
        prediction: of ``split.pairs``.
        graph: that was split; all its records count.
        split: of a fold whose held-out cells are all asked.

    Raises:
        ValueError: if cells were held out that are not asked: they would be neither known nor predicted.
    """
    known = split.train[TRANSFERS_TO]
    if known.num_edges + split.pairs.shape[1] != graph[TRANSFERS_TO].num_edges:
        raise ValueError(
            f"The paper's average needs every record known or predicted (got {known.num_edges} and "
            f"{split.pairs.shape[1]} of {graph[TRANSFERS_TO].num_edges})."
        )
    filled = _numbers(torch.cat([prediction.mean, known.edge_label]))
    measured = _numbers(torch.cat([split.target, known.edge_label]))
    datasets = torch.cat([split.pairs[1], known.edge_index[1]]).numpy()
    return _mean([_correlation(stats.pearsonr, filled[c], measured[c]) for _, c in _by_dataset(datasets, min_cells=2)])


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


class Comparison(NamedTuple):
    """Two methods on the same cells.

    Attributes:
        difference: mean of a's errors less b's; negative where a is better.
        lower: lower end of its 95 % bootstrap interval.
        upper: upper end.
        p: two-sided p-value of no difference, the smallest level whose interval leaves 0 out.
    """

    difference: float
    lower: float
    upper: float
    p: float


def paired_bootstrap(
    errors_a: Tensor, errors_b: Tensor, datasets: Tensor, num_samples: int = 10_000, seed: int = 0
) -> Comparison:
    """Compare two methods' errors by the percentile bootstrap over datasets.

    The cells of a dataset share its sampling noise, so that whole datasets are drawn, with all their cells:
    drawing cells would make any difference look surer than it is.

    Args:
        errors_a: (n,) a loss a cell, or a dataset, such as absolute error or regret.
        errors_b: (n,) the other method's on the same cells.
        datasets: (n,) the dataset of each.
        num_samples: bootstrap samples.
        seed: of the draws.

    Raises:
        ValueError: if lengths differ, or there are fewer than two datasets.
    """
    if not len(errors_a) == len(errors_b) == len(datasets):
        lengths = f"{len(errors_a)}, {len(errors_b)} and {len(datasets)}"
        raise ValueError(f"A paired comparison needs one length (got {lengths}).")
    present, cluster = np.unique(datasets.numpy(), return_inverse=True)
    if len(present) < 2:
        raise ValueError(f"A bootstrap over datasets needs two or more (got {len(present)}).")
    difference = _numbers(errors_a) - _numbers(errors_b)
    total, count = np.bincount(cluster, weights=difference), np.bincount(cluster)
    rng = np.random.default_rng(seed)
    share = np.full(len(present), 1 / len(present))
    samples = []
    for start in range(0, num_samples, _BOOTSTRAP_CHUNK):
        drawn = rng.multinomial(len(present), share, size=min(_BOOTSTRAP_CHUNK, num_samples - start))
        samples.append((drawn @ total) / (drawn @ count))
    sample = np.concatenate(samples)
    lower, upper = np.quantile(sample, (0.025, 0.975))
    beyond = min((sample <= 0).sum(), (sample >= 0).sum())
    p = min(1.0, 2 * (beyond + 1) / (num_samples + 1))
    return Comparison(float(difference.mean()), float(lower), float(upper), float(p))


def noise_ceiling(
    truth: Tensor, sample_size: Tensor, asked: Tensor | None = None, seed: int = 0, min_cells: int = MIN_CELLS
) -> Evaluation:
    r"""Judge an oracle: what a method would score that knew every accuracy without its noise.

    Measured accuracies are drawn as :math:`\mathrm{Binomial}(n, a) / n`, independently; the oracle answers
    :math:`a \pm 1.6449 \sqrt{a (1 - a) / n}`, clipped. One draw; summarise over seeds for its spread.

    Args:
        truth: (M, D) estimate of the noiseless accuracies, in [0, 1]. It needs to be a smooth one: measured
            accuracies carry noise already, spread more than the truth, and would put the ceiling too high.
        sample_size: (M, D), or (D,) if models share it: images that an accuracy is measured on, 1 or more.
        asked: (M, D) bool, cells that count; default: all.
        seed: of the noise.
        min_cells: see :func:`evaluate`.

    Raises:
        ValueError: if an asked accuracy is outside [0, 1], or its sample size is below 1 or not known.
    """
    models, datasets = (torch.ones(truth.shape) if asked is None else asked).nonzero(as_tuple=True)
    accuracy = truth[models, datasets].double()
    size = sample_size.expand(truth.shape)[models, datasets].double().round()
    if not ((accuracy >= 0) & (accuracy <= 1)).all() or not (size >= 1).all():
        raise ValueError("A noise ceiling needs accuracies in [0, 1] and sample sizes of 1 or more.")
    drawn = np.random.default_rng(seed).binomial(size.long().numpy(), accuracy.numpy())
    half_width = _HALF_WIDTH * (accuracy * (1 - accuracy) / size).sqrt()
    oracle = Prediction(accuracy, (accuracy - half_width).clamp(0, 1), (accuracy + half_width).clamp(0, 1))
    return evaluate(oracle, torch.from_numpy(drawn) / size, torch.stack([models, datasets]), min_cells=min_cells)


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
    rankings = tuple(rank_dataset(d, mean[c], truth[c]) for d, c in _by_dataset(datasets, min_cells))
    sigma = np.maximum((upper - lower) / (2 * _HALF_WIDTH), _SMALLEST_SIGMA)
    return Evaluation(
        num_cells=len(truth),
        num_datasets=len(rankings),
        num_small=len(np.unique(datasets)) - len(rankings),
        num_undefined=sum(ranking.pearson is None for ranking in rankings),
        pearson=_mean([ranking.pearson for ranking in rankings]),
        kendall=_mean([ranking.kendall for ranking in rankings]),
        weighted_tau=_mean([ranking.weighted_tau for ranking in rankings]),
        regret_at_1=_mean([ranking.regret_at_1 for ranking in rankings]),
        regret_at_3=_mean([ranking.regret_at_3 for ranking in rankings]),
        mae=float(mean_absolute_error(truth, mean)),
        rmse=float(root_mean_squared_error(truth, mean)),
        coverage=float(((lower <= truth) & (truth <= upper)).mean()),
        width=float((upper - lower).mean()),
        log_likelihood=float(stats.norm.logpdf(truth, mean, sigma).mean()),
        rankings=rankings,
    )


def _by_dataset(datasets: NDArray[np.int64], min_cells: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield each dataset that has ``min_cells`` cells or more, with the positions of its cells."""
    order = np.argsort(datasets, kind="stable")
    present, starts = np.unique(datasets[order], return_index=True)
    for dataset, cells in zip(present, np.split(order, starts[1:]), strict=True):
        if len(cells) >= min_cells:
            yield int(dataset), cells


def _correlation(
    statistic: Callable[[Array, Array], tuple[float, float]], predicted: Array, measured: Array
) -> float | None:
    if np.ptp(predicted) <= _CONSTANT or np.ptp(measured) <= _CONSTANT:
        return None
    return float(statistic(predicted, measured)[0])


def _numbers(values: Tensor) -> Array:
    return values.detach().double().numpy()


def _mean(values: Sequence[float | None]) -> float | None:
    return _summary(values).mean


def _summary(values: Sequence[float | None]) -> Summary:
    defined = [value for value in values if value is not None]
    return Summary(
        float(np.mean(defined)) if defined else None,
        float(np.std(defined, ddof=1)) if len(defined) > 1 else None,
        len(defined),
    )
