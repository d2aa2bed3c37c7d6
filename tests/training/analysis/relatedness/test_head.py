"""The Lipschitz head: its objective against a naive one, and what the penalty does."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from zoograph.graphs.scores.relatedness.bound import LinearHead
from zoograph.training.analysis.relatedness.head import fit_lipschitz_head


def blobs(num_classes: int, size: int = 60) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(num_classes)
    labels = torch.arange(size) % num_classes
    features = torch.randn(size, 5, generator=generator) + 2 * torch.randn(num_classes, 5, generator=generator)[labels]
    return (features - features.mean(0)).double(), labels


def naive_objective(head: LinearHead, features: Tensor, labels: Tensor, tau: float) -> float:
    """The objective by automatic differentiation of the loss in the features, label by label."""
    total = 0.0
    for k in [None, *range(len(head.bias))]:
        y = labels if k is None else torch.full_like(labels, k)
        z = features.clone().requires_grad_()
        loss = torch.nn.functional.cross_entropy(head.logits(z), y, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, z)
        excess = (gradient.norm(dim=1) - tau).clamp_min(0).square().mean()
        total += 1e4 * float(excess) / (1 if k is None else len(head.bias))
        if k is None:
            total += float(loss.detach()) / len(labels)
    return total + 2.5e-4 * float(head.weight.square().sum() + head.bias.square().sum())


@pytest.mark.parametrize("num_classes", [2, 3, 6])
def test_no_small_change_of_the_head_is_better(num_classes: int) -> None:
    features, labels = blobs(num_classes)
    head = fit_lipschitz_head(features, labels, num_classes)
    least = naive_objective(head, features, labels, 0.02)
    generator = torch.Generator().manual_seed(0)
    for _ in range(10):
        shift = 1e-3 * torch.randn(head.weight.shape, generator=generator).double()
        assert naive_objective(LinearHead(head.weight + shift, head.bias), features, labels, 0.02) > least


def test_the_loss_is_as_steep_as_allowed_and_no_steeper() -> None:
    features, labels = blobs(3)
    for tau in (0.01, 0.05):
        head = fit_lipschitz_head(features, labels, 3, tau)
        residual = head.logits(features).softmax(1) - torch.nn.functional.one_hot(labels, 3)
        slopes = (residual @ head.weight).norm(dim=1)
        assert tau * 0.9 < float(slopes.max()) < tau * 1.1 + 0.002


def test_a_steeper_head_has_less_loss() -> None:
    features, labels = blobs(4)
    losses = [
        float(torch.nn.functional.cross_entropy(fit_lipschitz_head(features, labels, 4, tau).logits(features), labels))
        for tau in (0.005, 0.02, 0.1, 1.0)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.5 * losses[0]
