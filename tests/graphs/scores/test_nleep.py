"""NLEEP: its mixture against scikit-learn, published values given a posterior, and where it has none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from torch import Tensor

from zoograph.graphs.scores import nleep as module
from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.leep import leep
from zoograph.graphs.scores.nleep import fit_posterior, nleep, reduce_features
from zoograph.graphs.scores.numerics.order import canonical_order
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

    def fit(rows: Tensor, num_components: int) -> Tensor:
        fitted.append((rows.shape[1], num_components))
        return fit_posterior(rows, num_components)

    monkeypatch.setattr(module, "fit_posterior", fit)
    nleep(case(name)["X"], case(name)["y"])
    published = [reference(f"NLEEP.{part}", "sfda", name).value for part in ("pca_dims", "components")]
    assert fitted == [tuple(published)]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", CASES)
def test_it_is_leep_of_the_mixture_of_scikit_learn(name: str, case: Any) -> None:
    features, labels = case(name)["X"].double(), case(name)["y"]
    order, _ = canonical_order(features)
    rows = features[order].numpy()
    scaled = (rows - rows.mean(axis=0)) / np.sqrt(np.square(rows - rows.mean(axis=0)).mean())
    reduced = PCA(0.8, svd_solver="full").fit_transform(scaled)
    mixture = GaussianMixture(5 * len(labels.unique()), reg_covar=1e-6, random_state=0).fit(reduced)
    expected = leep(torch.from_numpy(mixture.predict_proba(reduced)), labels[order])
    assert nleep(features, labels) == pytest.approx(expected, rel=1e-6)


def test_reduced_features_do_not_depend_on_the_unit(case: Any) -> None:
    features, labels = case("c1_small")["X"].double(), case("c1_small")["y"]
    plain, scaled = (reduce_features(ScoreInputs(x, labels)).abs() for x in (features, 1000 * features + 5))
    assert plain.numpy() == pytest.approx(scaled.numpy(), abs=1e-8)
    with pytest.raises(UndefinedScore, match="all samples have the same features"):
        reduce_features(ScoreInputs(torch.ones(4, 2), torch.arange(4) % 2))


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
