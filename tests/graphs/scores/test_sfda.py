"""SFDA against published values, scikit-learn's discriminant, and in its limits."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.sfda import _posterior, _within, sfda
from zoograph.graphs.scores.undefined import UndefinedScore


@pytest.mark.parametrize("name", ["c1_small", "c2_n_lt_d", "c4_singleton", "c6_many"])
@pytest.mark.parametrize("variant", ["sfda", "transfergraph"])
def test_published_values(name: str, variant: str, case: Any, reference: Any) -> None:
    arrays, published = case(name), reference("SFDA", variant, name)
    before = arrays["X"].clone()
    assert sfda(arrays["X"], arrays["y"]) == pytest.approx(published.value, rel=published.rel)
    assert torch.equal(arrays["X"], before)


def test_posterior_is_that_of_scikit_learn(case: Any) -> None:
    arrays = case("c1_small")
    inputs = ScoreInputs(arrays["X"], arrays["y"])
    rows, means = inputs.moments.centred, inputs.class_sums / inputs.counts[:, None]
    posterior = _posterior(inputs, rows, means, _within(inputs, rows, means), 0.0)
    expected = LinearDiscriminantAnalysis(solver="lsqr").fit(rows.numpy(), inputs.targets.numpy())
    torch.testing.assert_close(posterior, torch.from_numpy(expected.predict_proba(rows.numpy())))


def test_samples_that_nothing_tells_apart_have_their_priors() -> None:
    features = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]]).repeat(2, 1)
    labels = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
    assert sfda(features + torch.tensor([1.0, 0.0]), labels) == pytest.approx(0.5)


def test_undefined() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    with pytest.raises(UndefinedScore, match="do not vary within classes"):
        sfda(torch.tensor([[0.1], [0.1], [0.7], [0.7]]), labels)
    with pytest.raises(UndefinedScore, match="add up to the same"):
        sfda(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.25, 0.75]]), labels)
