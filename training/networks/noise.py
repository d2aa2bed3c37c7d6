"""Sampling variance of a measured accuracy."""

from __future__ import annotations

import torch
from torch import Tensor

# Standard deviation of a measured accuracy times the root of its sample size: 0.48 on the DomainNet records,
# where sizes count all images of a task, so that it lies near the 0.5 of a coin toss rather than below it.
NOISE_SCALE = 0.48


def measurement_variance(sample_size: Tensor) -> Tensor:
    """Return (n,) the variance of accuracies measured on ``sample_size`` images; 0 where the size is not known."""
    return torch.where(sample_size.isnan(), torch.zeros_like(sample_size), NOISE_SCALE**2 / sample_size)
