"""Moments against plain formulas, and what is shared between scores and within a batch."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from zoograph.graphs.scores.compute import compute_scores
from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.numerics.moments import Moments, self_product

SHAPES = [(30, 5), (6, 9), (400, 300), (50, 300)]


def _features(shape: tuple[int, int]) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 2


@pytest.mark.parametrize("shape", SHAPES)
def test_plain_formulas(shape: tuple[int, int]) -> None:
    features = _features(shape)
    centred = features - features.mean(dim=0)
    found = Moments(features)
    assert found.is_dual == (shape[0] < shape[1])
    torch.testing.assert_close(found.mean, features.mean(dim=0))
    torch.testing.assert_close(found.centred, centred)
    torch.testing.assert_close(found.scatter, centred @ centred.T if found.is_dual else centred.T @ centred)
    torch.testing.assert_close(found.gram, features @ features.T if found.is_dual else features.T @ features)
    assert found.total == pytest.approx(float(centred.square().sum()))
    values, vectors = found.spectrum
    torch.testing.assert_close((vectors * values) @ vectors.T, found.gram)
    spread, coordinates = found.principal.values, found.coordinates
    torch.testing.assert_close(coordinates.T @ coordinates, spread.diag())
    torch.testing.assert_close(coordinates @ coordinates.T, centred @ centred.T)
    torch.testing.assert_close(self_product(features), features.T @ features)


def test_eigenvalues_that_are_rounding_are_zero() -> None:
    assert int((Moments(_features((30, 5))[:, [0, 1, 2, 2, 2]]).spectrum.values > 0).sum()) == 3


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_a_constant_feature_is_exactly_zero(dtype: torch.dtype) -> None:
    features = _features((7, 3)).to(dtype)
    before = features.clone()
    features[:, 1] = before[:, 1] = 0.1
    found = Moments(features)
    assert not found.centred[:, 1].any()
    assert found.centred.dtype == torch.float64
    assert torch.equal(features, before)


@pytest.fixture
def decomposed(monkeypatch: pytest.MonkeyPatch) -> list[torch.Size]:
    """The shapes that were decomposed into eigenvectors."""
    shapes: list[torch.Size] = []
    eigh: Callable[[Tensor], tuple[Tensor, Tensor]] = torch.linalg.eigh

    def counted(matrix: Tensor) -> tuple[Tensor, Tensor]:
        shapes.append(matrix.shape)
        return eigh(matrix)

    monkeypatch.setattr(torch.linalg, "eigh", counted)
    return shapes


def test_a_pair_is_decomposed_once(decomposed: list[torch.Size]) -> None:
    labels = torch.arange(30) % 3
    wanted = ("logme", "h_score", "regularized_h_score", "transrate", "lfc", "sfda", "pactran_gauss", "nleep")
    compute_scores(ScoreInputs(_features((30, 5)), labels), wanted)
    assert decomposed == [(5, 5)]
