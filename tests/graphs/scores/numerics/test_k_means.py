"""k-means against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from zoograph.graphs.scores.numerics.k_means import _means, k_means


@pytest.mark.parametrize(("size", "dimensions", "clusters"), [(200, 3, 7), (150, 40, 60), (30, 2, 20), (50, 4, 1)])
def test_clusters_are_those_of_scikit_learn(size: int, dimensions: int, clusters: int) -> None:
    points = torch.randn(size, dimensions, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    points -= points.mean(dim=0)
    expected = KMeans(clusters, n_init=1, random_state=np.random.RandomState(0)).fit(points.numpy()).labels_
    assert k_means(points, clusters).tolist() == expected.tolist()


def test_an_empty_cluster_takes_the_farthest_point() -> None:
    points = torch.tensor([[0.0], [1.0], [9.0]], dtype=torch.float64)
    centres = torch.tensor([[1.0], [100.0]], dtype=torch.float64)
    means = _means(points, torch.tensor([0, 0, 0]), centres)
    assert means.tolist() == [[0.5], [9.0]]
