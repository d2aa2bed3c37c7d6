import math

import pytest
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from zoograph.models.gp import inference as exact_gp
from zoograph.models.gp.covariances import Covariances
from zoograph.models.gp.inference import condition, safe_cholesky

M, D = 4, 6


def covariance(size, seed):
    half = torch.randn(size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return half @ half.t() / size + 0.1 * torch.eye(size, dtype=torch.float64)


@pytest.fixture
def covariances():
    scores = torch.randn(M, D, 2, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    return Covariances(covariance(D, 0), covariance(M, 1), covariance(D, 2), scores, torch.tensor(0.3).double())


@pytest.fixture
def records():
    generator = torch.Generator().manual_seed(3)
    cells = torch.randperm(M * D, generator=generator)[:15]
    y = torch.randn(15, generator=generator, dtype=torch.float64)
    return torch.stack([cells // D, cells % D]), y, torch.rand(15, generator=generator).double() + 0.05


def test_posterior_is_gaussian_conditioning(covariances, records):
    pairs, y, noise = records
    asked = torch.cartesian_prod(torch.arange(M), torch.arange(D)).t()
    mean, variance = condition(covariances, pairs, y, noise).predict(asked, block=7)
    inverse = torch.linalg.inv(covariances.between(pairs, pairs) + torch.diag(noise))
    cross = covariances.between(asked, pairs)
    assert torch.allclose(mean, cross @ inverse @ y)
    expected = covariances.variance(asked) - ((cross @ inverse) * cross).sum(1)
    assert torch.allclose(variance, expected)


def test_posterior_is_that_of_scikit_learn():
    # One dataset, no level and no scores: a Gaussian process on the models alone.
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randn(10, 2, generator=generator).double(), torch.randn(7, generator=generator).double()
    noise = torch.rand(7, generator=generator).double() + 0.05
    kernel, zero = RBF(1.3), torch.zeros(1, 1).double()
    effect = torch.from_numpy(kernel(x.numpy()))
    prior = Covariances(zero, effect, zero + 1, torch.zeros(10, 1, 0).double(), zero[0, 0])
    pairs = torch.stack([torch.arange(10), torch.zeros(10, dtype=torch.long)])
    mean, variance = condition(prior, pairs[:, :7], y, noise).predict(pairs)
    theirs = GaussianProcessRegressor(kernel, alpha=noise.numpy(), optimizer=None).fit(x[:7].numpy(), y.numpy())
    expected, deviation = theirs.predict(x.numpy(), return_std=True)
    assert mean.numpy() == pytest.approx(expected)
    assert variance.sqrt().numpy() == pytest.approx(deviation)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("columns", [1, 12, 400])
def test_predict_all_agrees_with_predict(covariances, records, turned, columns, monkeypatch):
    monkeypatch.setattr(exact_gp, "_COLUMNS", columns)  # solved for at a time: one node's, some nodes', all
    pairs, y, noise = records
    if turned:  # fewer datasets than models among the records: the other way through
        kept = pairs[1] < 3
        pairs, y, noise = pairs[:, kept], y[kept], noise[kept]
    posterior = condition(covariances, pairs, y, noise)
    asked = torch.cartesian_prod(torch.arange(M), torch.arange(D)).t()
    mean, variance = posterior.predict_all()
    expected_mean, expected_variance = posterior.predict(asked)
    assert torch.allclose(mean.flatten(), expected_mean)
    assert torch.allclose(variance.flatten(), expected_variance)


def test_joint_agrees_with_predict_and_with_conditioning(covariances, records):
    pairs, y, noise = records
    posterior = condition(covariances, pairs, y, noise)
    asked = torch.cartesian_prod(torch.arange(M), torch.arange(D)).t()
    mean, covariance = posterior.joint(asked)
    expected_mean, expected_variance = posterior.predict(asked)
    assert torch.allclose(mean, expected_mean)
    assert torch.allclose(covariance.diagonal(), expected_variance)
    inverse = torch.linalg.inv(covariances.between(pairs, pairs) + torch.diag(noise))
    cross = covariances.between(asked, pairs)
    assert torch.allclose(covariance, covariances.between(asked, asked) - cross @ inverse @ cross.t())


def test_joint_of_weighted_sums(covariances, records):
    posterior = condition(covariances, *records)
    models, datasets = torch.tensor([2, 0, 1]), torch.tensor([1, 3])
    weights = torch.randn(3, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    mean, covariance = posterior.joint(torch.cartesian_prod(models, datasets).t())
    sums, spread = posterior.joint_sums(models, datasets, weights)
    every = torch.block_diag(*weights[:, None])
    assert torch.allclose(sums, every @ mean)
    assert torch.allclose(spread, every @ covariance @ every.t())


def test_leaving_out_is_conditioning_on_the_rest(covariances, records):
    pairs, y, noise = records
    posterior = condition(covariances, pairs, y, noise)
    block, inside = torch.tensor([1, 4, 9]), torch.tensor([0, 2])
    units = torch.stack([y, 2 * y + 1])
    means, variances = posterior.leave_out(units, [(block, inside)] * 2)
    (mean, other), (variance, _) = means.split(2), variances.split(2)
    rest = torch.ones(15, dtype=torch.bool)
    rest[block] = False
    refit = condition(covariances, pairs[:, rest], y[rest], noise[rest])
    asked = block[inside]
    expected_mean, expected_variance = refit.predict(pairs[:, asked])
    assert torch.allclose(mean, expected_mean)
    assert torch.allclose(variance, expected_variance + noise[asked])
    refit = condition(covariances, pairs[:, rest], units[1, rest], noise[rest])
    assert torch.allclose(other, refit.predict(pairs[:, asked])[0])  # each block has its own units


def test_cholesky_bears_rounding_and_refuses_nonsense():
    singular = torch.ones(3, 3, dtype=torch.float64)
    assert torch.isfinite(safe_cholesky(singular)).all()
    with pytest.raises(ArithmeticError, match="not positive definite"):
        safe_cholesky(torch.full((2, 2), math.nan, dtype=torch.float64))
    for place in range(4):
        for nonsense in (math.nan, math.inf, -math.inf):
            spoilt = torch.eye(4, dtype=torch.float64)
            spoilt[3, place] = spoilt[place, 3] = nonsense
            with pytest.raises(ArithmeticError, match="not positive definite"):
                safe_cholesky(spoilt)
    with pytest.raises(ArithmeticError, match="not positive definite"):
        safe_cholesky(torch.tensor([[1.0, 5.0], [5.0, 1.0]], dtype=torch.float64))
