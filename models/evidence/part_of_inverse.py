"""Some rows and columns of the inverse of a large matrix, from its Cholesky factor."""

from __future__ import annotations

import torch
from torch import Tensor

_COLUMNS_AT_ONCE = 256


def part_of_inverse(factor: Tensor, rows: Tensor) -> Tensor:
    """Return (k, k) the inverse of a matrix at some rows and columns, in half the time that all of it takes, or less.

    Args:
        factor: (n, n) its lower Cholesky factor.
        rows: (k,) one or more, in ascending order.
    """
    result = factor.new_empty(len(rows), len(rows))
    solved: list[tuple[int, Tensor]] = []
    for begin, part in zip(range(0, len(rows), _COLUMNS_AT_ONCE), rows.split(_COLUMNS_AT_ONCE), strict=True):
        first, end = int(part[0]), begin + len(part)  # above its first row, a column of the factor's inverse is zero
        unit = factor.new_zeros(len(factor) - first, len(part))
        unit[part - first, torch.arange(len(part))] = 1.0
        own = torch.linalg.solve_triangular(factor[first:, first:], unit, upper=False)
        solved.append((first, own))
        for place, (before, other) in enumerate(solved):
            at = slice(place * _COLUMNS_AT_ONCE, place * _COLUMNS_AT_ONCE + other.shape[1])
            products = other[first - before :].t() @ own
            result[at, begin:end], result[begin:end, at] = products, products.t()
    return result
