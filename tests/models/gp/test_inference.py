import math

import pytest
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from zoograph.models.gp.covariances import Covariances
from zoograph.models.gp.inference import condition, safe_cholesky

M, D = 4, 6


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
