"""Distance between datasets: optimal transport between their class means under one encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from zoograph.graphs.scores.numerics.exact_transport import solve_transport

Array = NDArray[np.float64]


def class_mean_transport(means: Array, weights: Array, other_means: Array, other_weights: Array) -> float:
    """Return the exact optimal transport cost between the class means of two datasets under one encoder.

    The mass of a class is its share of the images; moving mass costs the Euclidean distance that it moves
    (1-Wasserstein distance). It is 0 for equal class means with equal shares, and smaller means closer.

    Args:
        means: (C, D) class means of the features.
        weights: (C,) shares of the classes, positive, with sum 1.
        other_means: (K, D) of the other dataset.
        other_weights: (K,) of the other dataset.

    Returns:
        The cost in units of the features, at least 0.
    """
    return solve_transport(weights, other_weights, cdist(means, other_means)).cost


def relate_datasets(
    features: Mapping[str, Array], labels: Mapping[str, NDArray[np.int64]]
) -> list[tuple[str, str, float]]:
    """Return (dataset, other, :func:`class_mean_transport`) for all pairs of datasets.

    Features are standardised first, by their mean and standard deviation over the class means of all datasets.

    Args:
        features: dataset -> (N, D) features, all under one encoder.
        labels: dataset -> (N,) class numbers.
    """
    clouds = {name: _class_means(features[name], labels[name]) for name in sorted(features)}
    every = np.concatenate([means for means, _ in clouds.values()])
    center, spread = every.mean(0), every.std(0)
    varying = spread > 0
    scaled = {name: ((means - center)[:, varying] / spread[varying], share) for name, (means, share) in clouds.items()}
    return [(one, two, class_mean_transport(*scaled[one], *scaled[two])) for one, two in combinations(scaled, 2)]


def _class_means(features: Array, labels: NDArray[np.int64]) -> tuple[Array, Array]:
    classes: Sequence[int] = np.unique(labels).tolist()
    means = np.stack([features[labels == number].mean(0) for number in classes])
    return means, np.array([(labels == number).mean() for number in classes])
