"""NLEEP: its mixture against scikit-learn, published values given a posterior, and where it has none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

from zoograph.graphs.scores import nleep as module
from zoograph.graphs.scores.leep import leep
from zoograph.graphs.scores.nleep import mixture_posterior, nleep
from zoograph.graphs.scores.undefined import UndefinedScore

CASES = ["c1_small", "c2_n_lt_d", "c4_singleton", "c6_many"]


@pytest.mark.parametrize("name", ["c1_small", "c4_singleton"])
def test_published_value_of_a_given_posterior_is_met(name: str, case: Any, reference: Any) -> None:
    arrays, published = case(name), reference("NLEEP.given_posterior", "thuml_LEEP", name)
    assert leep(arrays["gmm_post_spider_seed0"], arrays["y"]) == pytest.approx(published.value, rel=published.rel)


@pytest.mark.parametrize("name", CASES)
def test_it_lies_among_the_seeds_of_the_published_code(name: str, case: Any, reference: Any) -> None:
    arrays, published = case(name), reference("NLEEP", "spider", name)
    components = int(reference("NLEEP.components", "spider", name).value)
    value = nleep(arrays["X"], arrays["y"], num_components=components)
    assert value == pytest.approx(published.value, rel=max(0.3, 2 * published.noise))


@pytest.mark.parametrize("name", CASES)
def test_mixture_has_the_published_dimensions_and_components(
    name: str, case: Any, reference: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: list[tuple[int, int]] = []

    class Mixture(GaussianMixture):  # type: ignore[misc]
        def fit(self, rows: np.ndarray, y: None = None) -> Mixture:
            fitted.append((rows.shape[1], self.n_components))
            super().fit(rows)
            return self

    monkeypatch.setattr(module, "GaussianMixture", Mixture)
    nleep(case(name)["X"], case(name)["y"])
    published = [reference(f"NLEEP.{part}", "sfda", name).value for part in ("pca_dims", "components")]
    assert fitted == [tuple(published)]


def test_posterior_does_not_depend_on_the_unit_of_features(case: Any) -> None:
    features = case("c1_small")["X"].numpy()
    posterior = mixture_posterior(features, 6)
    assert posterior.sum(axis=1) == pytest.approx(1.0)
    assert mixture_posterior(1000 * features + 5, 6) == pytest.approx(posterior, abs=1e-6)


def test_a_gaussian_for_almost_every_sample_is_harmless(case: Any) -> None:
    arrays = case("c2_n_lt_d")
    assert -1e-3 < nleep(arrays["X"], arrays["y"], num_components=58) <= 0


def test_more_gaussians_than_can_be_fitted_are_refused(case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UndefinedScore, match="2 distinct samples, the mixture has 10 Gaussians"):
        nleep(torch.eye(2).repeat(20, 1), torch.arange(40) // 20)
    with pytest.raises(ValueError, match=r"num_components must be at least 2 \(got 1\)"):
        nleep(torch.eye(2), torch.arange(2), num_components=1)
    monkeypatch.setattr(module, "_MAX_PARAMETERS", 100)
    with pytest.raises(UndefinedScore, match="15 Gaussians in 7 dimensions are too many to fit"):
        nleep(case("c1_small")["X"], case("c1_small")["y"])
