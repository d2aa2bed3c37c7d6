"""LFC against published values and the correlation of two matrices that it never forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from zoograph.graphs.scores.lfc import lfc
from zoograph.graphs.scores.undefined import UndefinedScore


@pytest.mark.parametrize("name", ["c1_small", "c2_n_lt_d", "c4_singleton", "c6_many"])
def test_published_values(name: str, case: Any, reference: Any) -> None:
    arrays, published = case(name), reference("LFC", "transfergraph_dot", name)
    assert lfc(arrays["X"], arrays["y"]) == pytest.approx(published.value, rel=published.rel)


@pytest.mark.parametrize("shape", [(30, 5), (8, 12)])
@pytest.mark.parametrize("offset", [0.0, 10.0])
def test_correlation_of_the_full_matrices(shape: tuple[int, int], offset: float) -> None:
    features = torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64) + offset
    labels = (torch.arange(shape[0]) % 5).clamp(max=2)
    same = torch.where(labels[:, None] == labels, 1.0, -1.0).double()
    expected = np.corrcoef((features @ features.T).ravel().numpy(), same.ravel().numpy())[0, 1]
    assert lfc(features, labels) == pytest.approx(expected, rel=1e-9)


def test_limits() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    assert lfc(torch.tensor([[1.0], [1.0], [-1.0], [-1.0]]), labels) == pytest.approx(1)
    with pytest.raises(UndefinedScore, match="all samples have the same features"):
        lfc(torch.full((4, 3), 0.1), labels)
