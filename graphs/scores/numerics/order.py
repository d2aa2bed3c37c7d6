"""Canonical order of samples, by their features alone, for algorithms that depend on the order."""

from __future__ import annotations

import torch
from torch import Tensor


def canonical_order(features: Tensor) -> tuple[Tensor, int]:
    """Return the (N,) permutation that sorts the rows of (N, D) features, and how many rows are distinct."""
    rows, ranks = torch.unique(features, dim=0, return_inverse=True)
    return ranks.argsort(stable=True), len(rows)
