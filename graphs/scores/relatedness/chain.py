"""Task-relatedness: the transforms that take a reference task to a target, and the loss that they are learned by."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Chain(NamedTuple):
    """Transforms of a reference task with R classes into a target with C classes, in d dimensions.

    Mehra, Zhang, Hamm: "Understanding the Transferability of Representations via Task-Relatedness", NeurIPS 2024: the
    classes of the reference are re-weighted, then renamed, then its features are moved.

    Attributes:
        matrix: (d, d) A, by which features are multiplied.
        inverse: (d, d) Ā, which undoes A, nearly or exactly.
        shift: (d,) b, added to the features.
        relabelling: (C, R) B, whose column j holds the probabilities of the target's classes given the reference
            class j.
        prior: (R,) D, the new probabilities of the reference's classes.
    """

    matrix: Tensor
    inverse: Tensor
    shift: Tensor
    relabelling: Tensor
    prior: Tensor

    def move(self, features: Tensor) -> Tensor:
        """Return A z + b of each row of (N, d) reference features."""
        return features @ self.matrix.T + self.shift

    def move_back(self, features: Tensor) -> Tensor:
        """Return Ā (z - b) of each row of (N, d) target features, as the reference's head takes them."""
        return (features - self.shift) @ self.inverse.T

    def relabel(self, labels: Tensor) -> Tensor:
        """Return (N, C) probabilities of the target's classes for (N,) reference classes."""
        return self.relabelling.T[labels]

    def renumber(self, labels: Tensor) -> Tensor:
        """Return the (N,) likeliest target classes of (N,) reference classes."""
        return self.relabelling.argmax(0)[labels]


def fixed_chain(num_features: int, relabelling: Tensor, prior: Tensor) -> Chain:
    """Return the chain that leaves features where they are."""
    eye = torch.eye(num_features, dtype=prior.dtype, device=prior.device)
    return Chain(eye, eye, eye.new_zeros(num_features), relabelling, prior)


class Terms(NamedTuple):
    """The parts of the loss that a chain is learned by, scalars, lower is better.

    Attributes:
        reference_loss: see :func:`reweighted_loss`.
        label_mismatch: see :func:`label_mismatch`.
        transport: cost of a plan, see :func:`transport_cost`.
        prior_gap: squared distance between the target's class frequencies and B D.
        inverse_gap: how far A and Ā are from being inverse: |A Ā - I|² + |Ā A - I|² (Frobenius).
    """

    reference_loss: Tensor
    label_mismatch: Tensor
    transport: Tensor
    prior_gap: Tensor
    inverse_gap: Tensor

    def total(self, transport: float = 2.0, prior: float = 1.0, inverse: float = 1.0) -> Tensor:
        """Return their sum, weighted as in the authors' code."""
        bare = self.reference_loss + self.label_mismatch
        return bare + transport * self.transport + prior * self.prior_gap + inverse * self.inverse_gap


def label_mismatch(chain: Chain) -> Tensor:
    """Return the conditional entropy H(Y_target | Y_reference) = -Σ_j D_j Σ_i B_ij log B_ij in nats; 0 log 0 is 0."""
    return torch.special.entr(chain.relabelling).sum(0) @ chain.prior


def reweighted_loss(chain: Chain, reference_prior: Tensor, class_losses: Tensor, num_samples: int) -> Tensor:
    """Return the reference's mean loss under the new prior, in the units of the losses.

    Args:
        chain: gives the new prior D.
        reference_prior: (R,) class frequencies p, none of them 0.
        class_losses: (R,) losses added up over the samples of each class.
        num_samples: N.

    Returns:
        (1 / N) Σ_j (D_j / p_j) class_losses_j, lower is better.
    """
    return (chain.prior / reference_prior) @ class_losses / num_samples


def transport_cost(feature_distances: Tensor, label_distances: Tensor, plan: Tensor, label_cost: float) -> Tensor:
    """Return Σ_ab π_ab (x_ab² + Λ y_ab²), at least 0, lower is better.

    Args:
        feature_distances: (N, M) x, Euclidean.
        label_distances: (N, M) y, Euclidean distances of class probabilities.
        plan: (N, M) π, held fixed.
        label_cost: Λ.
    """
    return (plan * (feature_distances.square() + label_cost * label_distances.square())).sum()


def training_terms(
    chain: Chain, transport: Tensor, reference_prior: Tensor, class_losses: Tensor, num_samples: int, target: Tensor
) -> Terms:
    """Return the terms of a chain.

    Args:
        chain: the transforms.
        transport: cost of the plan on this batch.
        reference_prior: (R,) class frequencies of the reference.
        class_losses: (R,) losses of its head, added up by class.
        num_samples: of the reference.
        target: (C,) class frequencies of the target.
    """
    eye = torch.eye(len(chain.matrix), dtype=chain.matrix.dtype, device=chain.matrix.device)
    products = (chain.matrix @ chain.inverse, chain.inverse @ chain.matrix)
    return Terms(
        reweighted_loss(chain, reference_prior, class_losses, num_samples),
        label_mismatch(chain),
        transport,
        (target - chain.relabelling @ chain.prior).square().sum(),
        torch.stack([(product - eye).square().sum() for product in products]).sum(),
    )
