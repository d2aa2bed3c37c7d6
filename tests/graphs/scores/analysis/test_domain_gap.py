"""The gap of clouds whose distance is known, with few samples too."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from sklearn.covariance import ledoit_wolf
from torch import Tensor

from zoograph.graphs.scores.analysis.domain_gap import domain_gap
from zoograph.graphs.scores.undefined import UndefinedScore


def _cloud(rows: int, columns: int = 6, seed: int = 0) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _large() -> Tensor:
    """A cloud whose mean is so exact that chance takes no part."""
    return _cloud(20_000)


def test_a_shift_is_the_gap_in_standard_deviations() -> None:
    corpus = _large() * torch.tensor([1.0, 2.0, 3.0, 0.1, 5.0, 6.0]) + 7
    assert domain_gap(corpus, corpus + 3 * corpus.std(0)) == pytest.approx(3, abs=1e-4)
    one = torch.zeros(6)
    one[2] = 1.0
    assert domain_gap(corpus, corpus + 6 * one * corpus.std(0)) == pytest.approx(6 / math.sqrt(6), abs=1e-4)


def test_a_spread_is_the_gap_too() -> None:
    corpus = _large()
    assert domain_gap(corpus, 3 * (corpus - corpus.mean(0))) == pytest.approx(2, abs=1e-3)


@pytest.mark.parametrize("full", [False, True])
def test_scale_and_origin_of_features_do_not_count(full: bool) -> None:
    corpus, target = _cloud(50), _cloud(20, seed=1) * 2 + 1
    scale, origin = torch.tensor([1.0, 10.0, 0.1, 5.0, 2.0, 3.0]), torch.arange(6.0)
    moved = domain_gap(corpus * scale + origin, target * scale + origin, full)
    assert moved == pytest.approx(domain_gap(corpus, target, full))


def test_few_images_are_not_further_away() -> None:
    corpus, shifted = _cloud(4000, 100), _cloud(4000, 100, seed=1) + 0.5
    whole = domain_gap(corpus, shifted)
    few = np.mean([domain_gap(corpus, part) for part in shifted[:500].split(20)])
    # With 20 images of 100 features the means alone are apart by sqrt(1 / 20) = 0.22, which is taken off.
    assert few == pytest.approx(whole, abs=0.05)
    assert domain_gap(corpus, _cloud(4000, 100, seed=2)) < 0.03


def test_full_covariances_against_scipy() -> None:
    corpus, target = _cloud(80), _cloud(60, seed=1) @ _cloud(6, seed=2) + 0.3
    scaled = [((part - corpus.mean(0)) / corpus.std(0)).numpy() for part in (corpus, target)]
    one, other = (ledoit_wolf(part)[0] for part in scaled)
    bures = np.trace(one + other - 2 * sqrtm(sqrtm(one) @ other @ sqrtm(one)).real)
    apart = ((scaled[0].mean(0) - scaled[1].mean(0)) ** 2).sum()
    chance = sum(part.var(0, ddof=1).sum() / len(part) for part in scaled)
    assert domain_gap(corpus, target, full=True) == pytest.approx(math.sqrt((apart - chance + bures) / 6), rel=1e-6)


def test_full_covariances_with_fewer_images_than_features() -> None:
    corpus = _cloud(40, 60)
    assert 0 < domain_gap(corpus, _cloud(10, 60, seed=1) + 1, full=True) < 3


def test_a_feature_that_is_constant_on_the_corpus_has_no_unit() -> None:
    corpus, target = _cloud(50), _cloud(20, seed=1)
    dead = corpus.clone()
    dead[:, 3] = 1.0
    rest = [0, 1, 2, 4, 5]
    assert domain_gap(dead, target) == pytest.approx(domain_gap(corpus[:, rest], target[:, rest]))


@pytest.mark.parametrize(
    ("corpus", "target", "reason"),
    [
        (_cloud(1), _cloud(5), "fewer than two samples"),
        (torch.ones(5, 6), _cloud(5), "no feature varies"),
        (_cloud(5), torch.full((5, 6), math.inf), "not finite"),
    ],
)
def test_where_it_is_undefined(corpus: Tensor, target: Tensor, reason: str) -> None:
    with pytest.raises(UndefinedScore, match=reason):
        domain_gap(corpus, target)


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="matrices of the same features"):
        domain_gap(_cloud(5), _cloud(5, 7))
