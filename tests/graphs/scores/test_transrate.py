"""TransRate against published values and the determinants that define it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from zoograph.graphs.scores.transrate import transrate


@pytest.mark.parametrize("name", ["c1_small", "c2_n_lt_d", "c4_singleton", "c6_many"])
@pytest.mark.parametrize("variant", ["tllib", "transfergraph", "mms"])
def test_published_values(name: str, variant: str, case: Any, reference: Any) -> None:
    arrays, published = case(name), reference("TransRate", variant, name)
    assert transrate(arrays["X"], arrays["y"]) == pytest.approx(published.value, rel=published.rel)


@pytest.mark.parametrize("shape", [(30, 5), (8, 12)])
@pytest.mark.parametrize("distortion", [1e-4, 0.5])
def test_determinants(shape: tuple[int, int], distortion: float) -> None:
    features = torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64) + 3
    labels = torch.arange(shape[0]) % 3

    def rate(rows: np.ndarray) -> float:
        return float(np.linalg.slogdet(np.eye(shape[1]) + rows.T @ rows / (len(rows) * distortion))[1]) / 2

    centred = (features - features.mean(dim=0)).numpy()
    expected = rate(centred) - sum(rate(centred[labels == k]) for k in range(3)) / 3
    assert transrate(features, labels, distortion=distortion) == pytest.approx(expected, rel=1e-9)


def test_scales_that_rounding_cannot_span() -> None:
    features = torch.tensor([[1e8, 1.0], [-1e8, 1.0], [2e8, -1.0], [-2e8, -1.0]]).double()
    together = 2.5e16 / 1e-4, 1 / 1e-4
    apart = [(square / 1e-4, 1 / 1e-4) for square in (1e16, 4e16)]
    # Within a class the second feature is constant and keeps the common centre.
    expected = sum(np.log1p(value) for value in together) / 2
    expected -= sum(np.log1p(value) for pair in apart for value in pair) / 4
    assert transrate(features, torch.tensor([0, 0, 1, 1])) == pytest.approx(expected, abs=1e-6)


def test_without_spread_there_is_no_rate() -> None:
    assert transrate(torch.full((4, 3), 0.1), torch.tensor([0, 0, 1, 1])) == 0
    with pytest.raises(ValueError, match="'distortion' needs to be positive"):
        transrate(torch.ones(4, 3), torch.tensor([0, 0, 1, 1]), distortion=0)
