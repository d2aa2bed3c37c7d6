"""Task-relatedness: a bound on the loss after transfer, from a chain of transforms and a head on the reference task."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from zoograph.graphs.scores.relatedness.chain import Chain
from zoograph.graphs.scores.relatedness.couplings import wasserstein


class LinearHead(NamedTuple):
    """A linear classifier of R classes on d features.

    Attributes:
        weight: (R, d).
        bias: (R,).
    """

    weight: Tensor
    bias: Tensor

    def logits(self, features: Tensor) -> Tensor:
        """Return (N, R) logits of (N, d) features."""
        return features @ self.weight.T + self.bias


class Bound(NamedTuple):
    """A bound on the target's loss, in nats, and its parts; lower means more related, better transfer expected.

    Attributes:
        reference_loss: re-weighted loss of the reference's head.
        label_mismatch: H(Y_target | Y_reference), 0 if every reference class becomes one target class.
        distance: W₁ between the moved reference and the target, mean over the classes.
        lipschitz: τ, the largest gradient of the loss that was seen.
        lonely_classes: classes that one side alone has, see :func:`class_distance`.
    """

    reference_loss: float
    label_mismatch: float
    distance: float
    lipschitz: float
    lonely_classes: int

    @property
    def distribution_mismatch(self) -> float:
        """The distance times τ."""
        return self.lipschitz * self.distance

    @property
    def total(self) -> float:
        """The bound: reference loss + label mismatch + distribution mismatch (theorem 3 of the paper)."""
        return self.reference_loss + self.label_mismatch + self.distribution_mismatch


def class_losses(head: LinearHead, features: Tensor, labels: Tensor) -> Tensor:
    """Return (R,) cross-entropies in nats, added up over the samples of each class."""
    losses = torch.nn.functional.cross_entropy(head.logits(features), labels, reduction="none")
    return losses.new_zeros(len(head.bias)).index_add_(0, labels, losses)


def transplanted(head: LinearHead, chain: Chain, seen: Tensor) -> Tensor:
    """Return (N, C) log-probabilities of B softmax(h(z)) for (N, d) rows z that were moved back."""
    return (head.logits(seen).softmax(1) @ chain.relabelling.T).log()


def lipschitz(head: LinearHead, chain: Chain, features: Tensor, labels: Tensor, through_inverse: bool = False) -> float:
    """Return the largest Euclidean norm of the gradient of the transplanted head's loss on (N, d) target features.

    Args:
        head: of the reference.
        chain: the transforms.
        features: (N, d) features of the target, or of the moved reference.
        labels: (N,) target classes that the loss is of.
        through_inverse: whether the gradient is taken in ``features``, where the distance is measured. The authors'
            code takes it behind Ā, where the head reads.
    """
    with torch.enable_grad():
        start = features.detach().requires_grad_()
        seen = chain.move_back(start)
        if not through_inverse:
            start = seen = seen.detach().requires_grad_()
        loss = torch.nn.functional.nll_loss(transplanted(head, chain, seen), labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, start)
    return float(gradient.norm(dim=1).max())


def class_distance(moved: Tensor, moved_labels: Tensor, target: Tensor, target_labels: Tensor) -> tuple[float, int]:
    """Return the mean over classes of W₁ between the moved reference and the target within a class.

    A class that one side alone has is compared with all samples of the other side.

    Args:
        moved: (N, d) reference features after the transforms.
        moved_labels: (N,) their target classes.
        target: (M, d).
        target_labels: (M,).

    Returns:
        The distance, Euclidean, at least 0, and the number of classes that one side alone has.
    """
    classes = torch.cat([moved_labels, target_labels]).unique().tolist()
    distances, lonely = [], 0
    for number in classes:
        here, there = moved[moved_labels == number], target[target_labels == number]
        lonely += int(len(here) == 0 or len(there) == 0)
        distances.append(wasserstein(here if len(here) else moved, there if len(there) else target))
    return sum(distances) / len(distances), lonely
