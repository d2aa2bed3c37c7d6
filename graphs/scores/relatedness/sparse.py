"""Task-relatedness with a sparse assignment of classes: everything but the coupling in closed form."""

from __future__ import annotations

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from zoograph.graphs.scores.relatedness.chain import Chain, fixed_chain
from zoograph.graphs.scores.relatedness.couplings import Coupler, exact_plan

_MAX_ROUNDS = 10
_STILL = 1e-3
_RIDGE = 1.0


def match_classes(means: Tensor, target_means: Tensor, per_class: int = 1) -> list[int]:
    """Return the reference classes that stand for each class of the target, with the least sum of distances.

    Args:
        means: (R, d) class means of the reference, standardised.
        target_means: (C, d) class means of the target, standardised; C ``per_class`` is at most R.
        per_class: reference classes for each class of the target.

    Returns:
        C ``per_class`` distinct reference classes (Hungarian algorithm): those of target class 0, then those of 1, ….
    """
    distances = torch.cdist(target_means, means).repeat_interleave(per_class, dim=0)
    return linear_sum_assignment(distances.cpu().numpy())[1].tolist()


def sparse_relabelling(num_classes: int, per_class: int = 1) -> Tensor:
    """Return the (C, C ``per_class``) matrix B whose every column says for certain which target class it becomes."""
    return torch.eye(num_classes, dtype=torch.float64).repeat_interleave(per_class, dim=1)


def sparse_prior(relabelling: Tensor, target_prior: Tensor) -> Tensor:
    """Return the (R,) prior D that makes B D the (C,) class frequencies of the target: shared evenly within a class."""
    shares = relabelling / relabelling.sum(1, keepdim=True).clamp_min(1.0)
    return target_prior @ shares


def harden(chain: Chain, target_prior: Tensor) -> Chain:
    """Return a chain whose B says for certain what each column favours, and whose D then meets the target's prior.

    A target class that no reference class becomes is left without mass.
    """
    likeliest = chain.relabelling.argmax(0)
    relabelling = torch.nn.functional.one_hot(likeliest, len(chain.relabelling)).T.to(chain.relabelling)
    prior = sparse_prior(relabelling, target_prior)
    return chain._replace(relabelling=relabelling, prior=prior / prior.sum())


def learn_sparse(
    features: Tensor,
    labels: Tensor,
    target: Tensor,
    target_labels: Tensor,
    relabelling: Tensor,
    coupler: Coupler = exact_plan,
) -> Chain:
    r"""Return the chain with this assignment whose features move closest to the target, class by class.

    The label mismatch is 0, the prior of the target is met exactly, and no mass crosses classes. Two steps take turns
    until the moves stand still, ten times at most: the coupling of each class, of least distance; and
    the matrix and shift that minimise

    .. math:: \sum_{ab} \pi_{ab} \lVert A z_a + b - z_b \rVert^2 + \lVert A - I \rVert^2

    with the coupling :math:`\pi` fixed, by normal equations. Ā is the inverse of A.

    Args:
        features: (N, d) of the reference.
        labels: (N,) reference classes, columns of ``relabelling``.
        target: (M, d) of the target.
        target_labels: (M,) its classes.
        relabelling: (C, R) B, with one 1 in each column.
        coupler: how classes are coupled.
    """
    target_prior = torch.bincount(target_labels).to(features) / len(target_labels)
    relabelling = relabelling.to(features)
    chain = fixed_chain(features.shape[1], relabelling, sparse_prior(relabelling, target_prior))
    for _ in range(_MAX_ROUNDS):
        before = chain.matrix
        chain = _fit(chain, features, chain.renumber(labels), target, target_labels, target_prior, coupler)
        if float((chain.matrix - before).norm()) <= _STILL * float(before.norm()):
            break
    return chain._replace(inverse=torch.linalg.inv(chain.matrix))


def _fit(
    chain: Chain,
    features: Tensor,
    labels: Tensor,
    target: Tensor,
    target_labels: Tensor,
    prior: Tensor,
    couple: Coupler,
) -> Chain:
    """Couple the classes as they lie now, and return the chain that follows from it."""
    moved = chain.move(features)
    size = features.shape[1]
    spread, crossed = features.new_zeros(2, size, size)
    mean, target_mean = features.new_zeros(2, size)
    for number, share in enumerate(prior):
        z, x = features[labels == number], target[target_labels == number]
        costs = torch.cdist(moved[labels == number], x)
        plan = share * couple(costs, torch.zeros_like(costs))
        from_mass, to_mass = plan.sum(1), plan.sum(0)
        spread += z.T @ (from_mass[:, None] * z)
        crossed += (x.T @ plan.T) @ z
        mean += from_mass @ z
        target_mean += to_mass @ x
    ridge = _RIDGE * torch.eye(size).to(features)
    spread = spread - torch.outer(mean, mean) + ridge
    crossed = crossed - torch.outer(target_mean, mean) + ridge
    matrix = torch.linalg.solve(spread, crossed.T).T
    return chain._replace(matrix=matrix, shift=target_mean - matrix @ mean)
