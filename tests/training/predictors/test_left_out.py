"""How far a block's records lie from what is predicted of them."""

from __future__ import annotations

import torch

from zoograph.models.conformal import NEW_DATASET
from zoograph.training.predictors.left_out import LeftOut


def test_errors_are_in_deviations_of_one_run() -> None:
    """Of a logit whose variance is .16, and of a run about it, .09: both together deviate by .5."""
    covariance = torch.tensor([[0.16, 0.1], [0.1, 0.27]], dtype=torch.float64)
    noise = torch.tensor([0.09, 0.09], dtype=torch.float64)
    logit, mean = torch.tensor([2.0, -1.0]).double(), torch.tensor([1.0, 0.2]).double()
    nodes = torch.zeros(2, dtype=torch.long)
    part = LeftOut(NEW_DATASET, logit, mean, covariance, noise, torch.full((2,), 0.1).double(), nodes, nodes)
    assert torch.allclose(part.errors, torch.tensor([2.0, 2.0], dtype=torch.float64))
