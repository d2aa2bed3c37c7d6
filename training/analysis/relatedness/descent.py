"""Learning the transforms of task-relatedness by gradient descent, as published."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from zoograph.graphs.scores.relatedness.bound import LinearHead, class_losses
from zoograph.graphs.scores.relatedness.chain import Chain, training_terms, transport_cost
from zoograph.graphs.scores.relatedness.couplings import Coupler, exact_plan
from zoograph.graphs.scores.relatedness.sparse import match_classes
from zoograph.graphs.scores.relatedness.tasks import LabelledTask

ITERATIONS = 2001
BATCH_SIZE = 1500
LABEL_COST = 1e6
_RATE, _PRIOR_RATE = 1e-2, 1e-3
_LEAD = 3.0


class Descent(NamedTuple):
    """How a chain is learned.

    Attributes:
        iterations: batches, each with one plan and one step of Adam.
        batch_size: samples of either side in a batch, at most; no less than the classes of a side.
        label_cost: Λ, what a unit of label distance costs in units of features.
        consistent: whether the plan minimises the squared distances that the step descends; in the authors' code it
            minimises plain distances.
        matched: whether a B that is learned starts with each target class ahead in the reference class whose mean is
            nearest (Hungarian algorithm); in the authors' code it starts at random.
        coupler: finds the plan of a batch.
        seed: of B and of the batches.
    """

    iterations: int = ITERATIONS
    batch_size: int = BATCH_SIZE
    label_cost: float = LABEL_COST
    consistent: bool = False
    matched: bool = False
    coupler: Coupler = exact_plan
    seed: int = 0


def learn_chain(
    reference: LabelledTask, target: LabelledTask, head: LinearHead, relabelling: Tensor | None, descent: Descent
) -> Chain:
    """Learn a chain as the authors' code of Mehra, Zhang, Hamm (2023) does.

    A, Ā and b start at identity and 0. Every iteration draws a batch by the present class frequencies, finds its
    plan, holds it fixed, and makes one step of Adam (learning rate 1e-2, for D 1e-3) on :meth:`Terms.total`.

    Args:
        reference: the reference task.
        target: the target.
        head: of the reference.
        relabelling: (C, R) B to be held fixed, with D at the reference's prior. None learns both: B is a softmax of
            each column and D a softmax, whose logits start uniform in [0, 1] and at the prior itself.
        descent: how.
    """
    generator = torch.Generator().manual_seed(descent.seed)
    eye = torch.eye(reference.features.shape[1]).to(reference.features)
    moves = [eye.clone().requires_grad_(), eye.clone().requires_grad_(), torch.zeros_like(eye[0]).requires_grad_()]
    columns = torch.rand(target.num_classes, reference.num_classes, generator=generator, dtype=eye.dtype)
    if descent.matched:
        columns[torch.arange(target.num_classes), match_classes(reference.means, target.means)] += _LEAD
    names = [columns.to(eye).requires_grad_(), reference.prior.requires_grad_()]
    groups: list[dict[str, Any]] = [{"params": moves}]
    if relabelling is None:
        groups += [{"params": names[:1]}, {"params": names[1:], "lr": _PRIOR_RATE}]
    optimizer = torch.optim.Adam(groups, lr=_RATE)

    def current() -> Chain:
        if relabelling is None:
            return Chain._make([*moves, *(logits.softmax(0) for logits in names)])
        return Chain._make([*moves, relabelling.to(eye), reference.prior])

    losses = class_losses(head, reference.features, reference.labels)
    for _ in range(descent.iterations):
        chain = current()
        batch = _draw(reference, chain.prior, descent, generator), _draw(target, target.prior, descent, generator)
        distances = _distances(chain, reference, target, *batch)
        cost = transport_cost(*distances, _plan(*distances, descent), descent.label_cost)
        found = training_terms(chain, cost, reference.prior, losses, len(reference.labels), target.prior)
        optimizer.zero_grad()
        found.total().backward()
        optimizer.step()
    return Chain._make(part.detach() for part in current())


def _draw(task: LabelledTask, prior: Tensor, descent: Descent, generator: torch.Generator) -> Tensor:
    """Return rows of a batch: of each class its share of the batch, rounded down, or all samples that it has."""
    counts = (descent.batch_size * prior.detach()).floor().long().cpu()
    order = torch.randperm(len(task.labels), generator=generator)
    labels = task.labels.cpu()[order]
    by_class = labels.argsort(stable=True)
    sizes = torch.bincount(labels, minlength=len(counts))
    rank = torch.arange(len(labels)) - (sizes.cumsum(0) - sizes)[labels[by_class]]
    return order[by_class][rank < counts[labels[by_class]]].to(task.labels.device)


def _distances(
    chain: Chain, reference: LabelledTask, target: LabelledTask, rows: Tensor, target_rows: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the Euclidean distances (N, M) of moved features and of class probabilities."""
    truth = torch.eye(target.num_classes).to(reference.features)[target.labels[target_rows]]
    return (
        torch.cdist(chain.move(reference.features[rows]), target.features[target_rows]),
        torch.cdist(chain.relabel(reference.labels[rows]), truth),
    )


def _plan(distances: Tensor, label_distances: Tensor, descent: Descent) -> Tensor:
    power = 2 if descent.consistent else 1
    return descent.coupler(distances.detach() ** power, descent.label_cost * label_distances.detach() ** power)
