"""The three PACTran bounds against published values and the sums that define them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import digamma, gammaln, logsumexp

from zoograph.graphs.scores.pactran import pactran_dirichlet, pactran_gamma, pactran_gauss
from zoograph.graphs.scores.undefined import UndefinedScore

CASES = ["c1_small", "c2_n_lt_d", "c4_singleton", "c6_many"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("concentration", [0.1, 1.0, 10.0])
def test_published_bounds_of_source_classes(name: str, concentration: float, case: Any, reference: Any) -> None:
    arrays, variant = case(name), f"spider_alpha{concentration:g}"
    for score, function in (("PACTranDirichlet", pactran_dirichlet), ("PACTranGamma", pactran_gamma)):
        published = reference(score, variant, name)
        value = function(arrays["P"], arrays["y"], concentration=concentration)
        assert value == pytest.approx(-published.value, rel=published.rel)


@pytest.mark.parametrize("name", ["c1_small", "c4_singleton"])
def test_published_bounds_of_a_mixture(name: str, case: Any, reference: Any) -> None:
    arrays = case(name)
    posterior = arrays["gmm_post_spider_seed0"]
    for score, function in (("PACTranDirichlet", pactran_dirichlet), ("PACTranGamma", pactran_gamma)):
        published = reference(f"{score}.given_posterior", "spider_alpha1", name)
        assert function(posterior, arrays["y"]) == pytest.approx(-published.value, rel=published.rel)


def _naive_dirichlet(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the bound with its table of samples, classes and source classes, each step in logarithms."""
    hot = np.eye(labels.max() + 1)[labels]
    prior = (hot.mean(axis=0) + 1e-10)[:, None]
    posterior, logs = probabilities, np.log(probabilities + 1e-10)
    for _ in range(10):
        weights = prior + np.einsum("ny,nz->nyz", hot, posterior).sum(axis=0)
        scores = logs + hot @ digamma(weights) - digamma(weights.sum(axis=0))
        log_posterior = scores - logsumexp(scores, axis=1, keepdims=True)
        posterior = np.exp(log_posterior)
    gain = (posterior * (log_posterior - logs)).sum()
    before = probabilities.shape[1] * (gammaln(prior.sum()) - gammaln(prior).sum())
    after = (gammaln(weights.sum(axis=0)) - gammaln(weights).sum(axis=0)).sum()
    return float(before - after - gain) / hot.size


def test_factors_that_vanish_are_kept_in_logarithms() -> None:
    generator = torch.Generator().manual_seed(4)
    probabilities = torch.randn(40, 3000, generator=generator).mul(8).softmax(dim=1).double()
    labels = torch.cat([torch.zeros(39), torch.ones(1)]).long()
    expected = _naive_dirichlet(probabilities.numpy(), labels.numpy())
    assert pactran_dirichlet(probabilities, labels) == pytest.approx(expected, rel=1e-9)


# The published values are of one start; another moves them by their noise, and none is the minimum itself.
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    ("temperature", "factor", "variant"),
    [
        (0.1, 10.0, "mms_lda0.1"),
        (0.1, 1.0, "mms_lda0.1"),
        (1.0, 100.0, "mms_lda1"),
        (1.0, 10.0, "mms_lda1"),
        (1.0, 100.0, "transfergraph_lda1_s2f100"),
    ],
)
def test_published_gaussian_bounds(
    name: str, temperature: float, factor: float, variant: str, case: Any, reference: Any
) -> None:
    arrays = case(name)
    score = "PACTranGauss" if variant.startswith("transfergraph") else f"PACTranGauss.s2f{factor:g}"
    value = pactran_gauss(arrays["X"], arrays["y"], temperature=temperature, variance_factor=factor)
    assert value == pytest.approx(-reference(score, variant, name).value, rel=1e-3)


def test_settings_are_checked() -> None:
    probabilities, labels = torch.full((4, 2), 0.5), torch.tensor([0, 0, 1, 1])
    for function in (pactran_dirichlet, pactran_gamma):
        with pytest.raises(ValueError, match="'concentration' needs to be positive"):
            function(probabilities, labels, concentration=0)
    for settings in ({"temperature": 0.0}, {"variance_factor": -1.0}):
        with pytest.raises(ValueError, match="need to be positive"):
            pactran_gauss(probabilities, labels, **settings)
    with pytest.raises(UndefinedScore, match="all source probabilities of a sample are zero"):
        pactran_gamma(torch.tensor([[0.0, 0.0], [0.5, 0.5], [0.5, 0.5]]), torch.tensor([0, 0, 1]))
