"""The canonical order of samples."""

from __future__ import annotations

import torch

from zoograph.graphs.scores.numerics.order import canonical_order


def test_any_order_of_the_same_samples_becomes_one() -> None:
    features = torch.tensor([[1.0, 5.0], [0.0, 7.0], [1.0, -2.0], [0.0, 7.0]])
    order, num_distinct = canonical_order(features)
    assert order.tolist() == [1, 3, 2, 0]
    assert num_distinct == 3
    shuffled = features[torch.tensor([2, 3, 0, 1])]
    assert torch.equal(shuffled[canonical_order(shuffled)[0]], features[order])
