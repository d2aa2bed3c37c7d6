"""NLEEP: LEEP with the components of a Gaussian mixture in the place of source classes."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.leep import leep
from zoograph.graphs.scores.numerics.order import canonical_order
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
    order, num_distinct = canonical_order(inputs.features)
    if num_distinct < num_components:
        raise UndefinedScore(f"{num_distinct} distinct samples, the mixture has {num_components} Gaussians")
    posterior = mixture_posterior(inputs.features[order].double().cpu().numpy(), num_components)
    return leep(torch.from_numpy(posterior), inputs.targets[order].cpu())


def mixture_posterior(features: np.ndarray, num_components: int) -> np.ndarray:
    """Return the (N, K) posterior of a mixture of K Gaussians fitted to the principal components of (N, D) features."""
    features = features - features.mean(axis=0)
    features /= np.sqrt(np.square(features).mean())
    solver = "covariance_eigh" if features.shape[0] > features.shape[1] else "full"
    reduced = PCA(EXPLAINED_VARIANCE, svd_solver=solver).fit_transform(features)
    if num_components * reduced.shape[1] ** 2 > _MAX_PARAMETERS:
        raise UndefinedScore(f"{num_components} Gaussians in {reduced.shape[1]} dimensions are too many to fit")
    mixture = GaussianMixture(num_components, reg_covar=_RIDGE, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the limit of steps is part of the definition
        posterior: np.ndarray = mixture.fit(reduced).predict_proba(reduced)
    return posterior
