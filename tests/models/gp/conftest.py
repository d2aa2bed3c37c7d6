"""Covariances of a few models and datasets, and records of some of their pairs."""

import pytest
import torch

from zoograph.models.gp.covariances import Covariances

M, D = 4, 6


@pytest.fixture
def covariance():
    """Return what makes a random covariance matrix of a size."""

    def make(size, seed):
        half = torch.randn(size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        return half @ half.t() / size + 0.1 * torch.eye(size, dtype=torch.float64)

    return make


@pytest.fixture
def covariances(covariance):
    scores = torch.randn(M, D, 2, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    return Covariances(covariance(D, 0), covariance(M, 1), covariance(D, 2), scores, torch.tensor(0.3).double())


@pytest.fixture
def records():
    generator = torch.Generator().manual_seed(3)
    cells = torch.randperm(M * D, generator=generator)[:15]
    y = torch.randn(15, generator=generator, dtype=torch.float64)
    return torch.stack([cells // D, cells % D]), y, torch.rand(15, generator=generator).double() + 0.05
