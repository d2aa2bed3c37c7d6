"""Standardisation by the mean and spread of training rows, kept with the weights of a module."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn


class Standardizer(nn.Module):
    """Standardises numbers; a missing number becomes 0 plus a flag.

    Args:
        width: F, columns. Until it is fitted, mean 0 and spread 1.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("std", torch.ones(width))

    def fit(self, numbers: Tensor, mask: Tensor) -> Self:
        """Take mean and spread of (N, F) ``numbers`` where ``mask``; a column that is constant or absent keeps 1."""
        count = mask.sum(0).clamp(min=1)
        mean = (numbers * mask).sum(0) / count
        std = (((numbers - mean).square() * mask).sum(0) / count).sqrt()
        self.mean.copy_(mean)
        self.std.copy_(torch.where(std > 1e-6, std, torch.ones_like(std)))
        return self

    def scale(self, numbers: Tensor) -> Tensor:
        """Return (N, F) numbers in units of the spread from the mean, whether known or not."""
        return (numbers - self.mean) / self.std

    def forward(self, numbers: Tensor, mask: Tensor) -> Tensor:
        """Return (N, 2F): scaled numbers, and flags of the known ones."""
        return torch.cat([self.scale(numbers) * mask, mask.float()], dim=1)
