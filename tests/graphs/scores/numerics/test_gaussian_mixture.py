"""The mixture against scikit-learn's, with components of many samples and of few."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

from zoograph.graphs.scores.numerics import gaussian_mixture as module
from zoograph.graphs.scores.numerics.gaussian_mixture import mixture_posterior
from zoograph.graphs.scores.numerics.k_means import k_means


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("cells", [2**22, 500])
@pytest.mark.parametrize(
    ("size", "dimensions", "components", "ridge"),
    [
        pytest.param(300, 3, 4, 1e-6, id="many samples each"),
        pytest.param(120, 12, 20, 1e-6, id="few samples each"),
        pytest.param(150, 6, 15, 0.3, id="some of either"),
        pytest.param(60, 8, 40, 0.5, id="soft and few"),
    ],
)
def test_posterior_is_that_of_scikit_learn(
    size: int, dimensions: int, components: int, ridge: float, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHUNK_CELLS", cells)
    rows = torch.randn(size, dimensions, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows -= rows.mean(dim=0)
    mixture = GaussianMixture(components, reg_covar=ridge, random_state=0)
    expected = mixture.fit(rows.numpy()).predict_proba(rows.numpy())
    found = mixture_posterior(rows, k_means(rows, components), components, ridge)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)
    assert found.sum(dim=1).numpy() == pytest.approx(1.0)


def test_a_component_without_samples_is_harmless() -> None:
    rows = torch.tensor([[0.0, 0.0], [0.1, 0.0], [5.0, 5.0], [5.0, 5.1]], dtype=torch.float64)
    found = mixture_posterior(rows, torch.tensor([0, 0, 2, 2]), 4, 1e-3)
    np.testing.assert_allclose(found.numpy(), np.eye(4)[[0, 0, 2, 2]], atol=1e-9)
