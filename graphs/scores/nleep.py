"""NLEEP: LEEP with the components of a Gaussian mixture in the place of source classes."""

from __future__ import annotations

import math

from torch import Tensor

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.leep import leep
from zoograph.graphs.scores.numerics.gaussian_mixture import mixture_posterior
from zoograph.graphs.scores.numerics.k_means import k_means
from zoograph.graphs.scores.spec import score
from zoograph.graphs.scores.undefined import UndefinedScore

COMPONENTS_PER_CLASS = 5
EXPLAINED_VARIANCE = 0.8
_RIDGE = 1e-6
_MAX_PARAMETERS = 2**26


@score("NLEEP", "Li et al., Ranking Neural Checkpoints, CVPR 2021")
def nleep(inputs: ScoreInputs, *, num_components: int | None = None) -> float:
    """Return LEEP of the posterior of a Gaussian mixture fitted to the features.

    Li, Jia, Sang, Zhu, Green, Wang, Gong: "Ranking Neural Checkpoints", CVPR 2021: principal components that explain
    80 % of the variance, a mixture of five full-covariance Gaussians a class, and LEEP of its posterior in the place
    of source classes. Implementations differ (without the logarithm, without PCA, with other numbers of components)
    and start at random, which moves the value by up to 200 %. Here the features, in units of the standard deviation
    they have together, are sorted first and k-means starts from a fixed seed, so that the value depends neither on
    the order of samples nor on a random state; a variance of 1e-6 is added to each covariance, so that components of
    one sample are harmless. Expectation maximisation ends after at most 100 steps.

    Args:
        features: (N, D) features.
        labels: (N,) integer classes.
        num_components: Gaussians of the mixture; five a class if not given.

    Returns:
        NLEEP in nats, at most 0, higher is better.

    Raises:
        ValueError: if shapes do not fit together or there are fewer than two Gaussians.
        UndefinedScore: if there is one class, fewer distinct samples than Gaussians, or so many Gaussians in so many
            dimensions that their covariances have more than 2 ** 26 entries (then the fit needs gigabytes and hours).
    """
    if num_components is None:
        num_components = COMPONENTS_PER_CLASS * inputs.num_classes
    if num_components < 2:
        raise ValueError(f"num_components must be at least 2 (got {num_components})")
    order, num_distinct = inputs.order
    if num_distinct < num_components:
        raise UndefinedScore(f"{num_distinct} distinct samples, the mixture has {num_components} Gaussians")
    return leep(fit_posterior(reduce_features(inputs)[order], num_components), inputs.targets[order])


def reduce_features(inputs: ScoreInputs) -> Tensor:
    """Return the (N, K) principal components, in units of the standard deviation that all features have together.

    Raises:
        UndefinedScore: if all samples are the same.
    """
    unit = math.sqrt(inputs.moments.total / inputs.features.numel())
    return inputs.moments.project(EXPLAINED_VARIANCE) / unit


def fit_posterior(rows: Tensor, num_components: int) -> Tensor:
    """Return the (N, K) posterior of a mixture of K Gaussians fitted to (N, D) principal components.

    Raises:
        UndefinedScore: if the covariances of the mixture have too many entries.
    """
    if num_components * rows.shape[1] ** 2 > _MAX_PARAMETERS:
        raise UndefinedScore(f"{num_components} Gaussians in {rows.shape[1]} dimensions are too many to fit")
    return mixture_posterior(rows, k_means(rows, num_components), num_components, _RIDGE)
