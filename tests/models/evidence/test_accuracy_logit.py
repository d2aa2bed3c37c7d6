import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Normal

from zoograph.models.evidence import accuracy_logit as module
from zoograph.models.evidence.accuracy_logit import binomial_variance, expected_accuracy, to_accuracy, to_logits


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_logits_by_hand():
    """Of four classes; 0.25 is chance, 0.625 is half the way up."""
    logit, variance = to_logits(tensor(0.625), tensor(0.25), tensor(999.0))
    assert logit.item() == pytest.approx(0.0)  # (0.5 x 999 + 0.5) / 1000
    assert variance.item() == pytest.approx(0.625 * 0.375 / 999 / (0.75 * 0.25) ** 2)


@pytest.mark.parametrize(("accuracy", "size"), [(0.25, 60.0), (0.3, 60.0), (0.7, 40.0), (1.0, 20.0), (0.25, 3000.0)])
def test_few_images_move_a_wide_prior_as_their_likelihood_does(accuracy, size):
    """Posterior moments on a fine grid, of the binomial likelihood and of the normal one that stands for it."""
    grid = torch.linspace(-12, 12, 20_001, dtype=torch.float64)
    prior = Normal(0.0, 1.5).log_prob(grid)
    right = to_accuracy(grid, tensor(0.25))
    binomial = size * (accuracy * right.log() + (1 - accuracy) * (1 - right).log())
    logit, variance = to_logits(tensor(accuracy), tensor(0.25), tensor(size))
    normal = -0.5 * (grid - logit).square() / variance
    moments = []
    for likelihood in (binomial, normal):
        weight = torch.softmax(prior + likelihood, 0)
        mean = (weight * grid).sum()
        moments.append([mean.item(), (weight * (grid - mean).square()).sum().sqrt().item()])
    assert moments[0] == pytest.approx(moments[1], abs=5e-3)


@given(
    mean=st.floats(-2, 2),
    doubt=st.floats(1, 4),
    size=st.sampled_from([8, 20, 60, 200, 499, 1000, 2000]),
    classes=st.sampled_from([2, 3, 10, 100]),
)
def test_a_better_measurement_never_lowers_what_is_expected_of_what_little_is_known_of(mean, doubt, size, classes):
    accuracy = torch.linspace(0, 1, size + 1, dtype=torch.float64)
    logit, noise = to_logits(accuracy, torch.full_like(accuracy, 1 / classes), torch.full_like(accuracy, float(size)))
    expected = (mean * noise + logit * doubt) / (noise + doubt)
    assert (expected.diff() > -0.02).all()


def test_without_chance_the_variance_is_one_over_n_p_q():
    variance = binomial_variance(tensor(0.2), tensor(0.0), tensor(50.0))
    assert variance.item() == pytest.approx(1 / (50 * 0.2 * 0.8))


def test_a_size_that_nobody_says_is_two_thousand():
    known, unknown = (to_logits(tensor(0.7), tensor(0.5), tensor(n)) for n in (2000.0, math.nan))
    assert (known.logit.item(), known.variance.item()) == (unknown.logit.item(), unknown.variance.item())


@given(
    accuracy=st.floats(0, 1),
    classes=st.integers(2, 1000),
    size=st.one_of(st.just(math.nan), st.floats(0.5, 1e6)),
)
def test_every_accuracy_has_a_finite_logit_and_comes_back_between_chance_and_one(accuracy, classes, size):
    chance = tensor(1 / classes)
    logit, variance = to_logits(tensor(accuracy), chance, tensor(size))
    assert logit.isfinite()
    assert 0 < variance.item() < math.inf
    assert 1 / classes <= to_accuracy(logit, chance).item() <= 1


@given(one=st.floats(0, 1), other=st.floats(0, 1), size=st.floats(1, 1e5))
def test_a_higher_accuracy_never_has_a_lower_logit(one, other, size):
    low, high = sorted((one, other))
    logits = to_logits(tensor(low, high), tensor(0.1, 0.1), tensor(size, size)).logit
    assert logits[1] >= logits[0] - 0.02  # where one way of reckoning gives way to the other


@pytest.mark.parametrize("mean", [-4.0, -1.0, 0.0, 2.0])
@pytest.mark.parametrize("variance", [0.01, 0.5, 4.0])
def test_the_expected_accuracy_is_the_mean_over_logits(mean, variance):
    grid = torch.linspace(-12, 12, 4001, dtype=torch.float64) * variance**0.5 + mean
    weight = torch.exp(Normal(mean, variance**0.5).log_prob(grid))
    exact = (to_accuracy(grid, tensor(0.25)) * weight).sum() / weight.sum()
    found = expected_accuracy(tensor(mean), tensor(variance), tensor(0.25))
    assert found.item() == pytest.approx(exact.item(), abs=0.02)


def test_a_logit_that_is_certain_is_its_accuracy():
    assert expected_accuracy(tensor(1.3), tensor(0.0), tensor(0.5)) == to_accuracy(tensor(1.3), tensor(0.5))


def test_each_is_measured_against_its_own_chance_whatever_stands_beside_it():
    accuracy, chance = tensor(0.6, 0.0, 0.3, 1.0, 0.55), tensor(0.5, 0.1, 0.25, 0.1, 0.5)
    size = tensor(40.0, 200.0, 3000.0, 9.0, 100_000.0)
    logit, variance = to_logits(accuracy, chance, size)
    for place in range(len(size)):
        alone = to_logits(*(column[place : place + 1] for column in (accuracy, chance, size)))
        assert (logit[place].item(), variance[place].item()) == pytest.approx([part.item() for part in alone])
    assert to_logits(*(column[:0] for column in (accuracy, chance, size))).logit.shape == (0,)


def test_of_many_the_same_answers_of_as_many_are_worked_out_once(monkeypatch):
    worked_out, by_likelihood = [], module._by_likelihood
    monkeypatch.setattr(module, "_by_likelihood", lambda *of: worked_out.append(len(of[0])) or by_likelihood(*of))
    once = [tensor(0.6, 0.0, 0.6), tensor(0.5, 0.1, 0.1), tensor(40.0, 40.0, 20.0)]
    logit, variance = to_logits(*(column.repeat(1000) for column in once))
    assert sorted(worked_out) == [1, 2]
    for found, alone in zip((logit, variance), to_logits(*once), strict=True):
        assert torch.equal(found.reshape(1000, 3), alone.expand(1000, 3))
