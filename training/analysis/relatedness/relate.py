"""Task-relatedness of two tasks under one model: a chain of transforms is learned, and its bound measured."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor

from zoograph.graphs.scores.relatedness.bound import (
    Bound,
    LinearHead,
    class_distance,
    class_losses,
    lipschitz,
    transplanted,
)
from zoograph.graphs.scores.relatedness.chain import Chain, fixed_chain, label_mismatch, reweighted_loss
from zoograph.graphs.scores.relatedness.couplings import COUPLERS, Coupler
from zoograph.graphs.scores.relatedness.sparse import harden, learn_sparse, match_classes, sparse_relabelling
from zoograph.graphs.scores.relatedness.tasks import LabelledTask, RelatednessError, Task, prepare, require_fit
from zoograph.training.analysis.relatedness.descent import BATCH_SIZE, ITERATIONS, LABEL_COST, Descent, learn_chain
from zoograph.training.analysis.relatedness.head import TAU, fit_lipschitz_head

QUICK_SAMPLES = 500


class Setting(StrEnum):
    """What of the chain is learned."""

    LEARNED_ALL = "learned-all"
    LEARNED_A = "learned-a"
    FIXED_ALL = "fixed-all"
    SPARSE = "sparse"


@dataclass(frozen=True)
class Relating:
    """How tasks are related; the defaults of the descent are the published ones.

    Attributes:
        setting: what is learned.
        per_class: reference classes for each target class, in the sparse setting.
        samples: of either part of either task, after its classes are chosen; None for all.
        iterations: of the descent.
        batch_size: of the descent.
        label_cost: Λ of the descent.
        coupler: ``exact`` or ``entropic``.
        matched: whether a learned B starts from matched class means, see :class:`Descent`.
        hard: whether the learned B is rounded to the class that each column favours, and D follows in closed form.
        consistent: whether plan and loss have the same cost, and τ is measured where the distance is; see
            :class:`Descent` and :func:`lipschitz` for what the authors' code does.
        seed: of whatever is drawn.
        tau: slope of the loss of a head, per unit of the standardised features, that is not punished.
    """

    setting: Setting = Setting.SPARSE
    per_class: int = 1
    samples: int | None = None
    iterations: int = ITERATIONS
    batch_size: int = BATCH_SIZE
    label_cost: float = LABEL_COST
    coupler: str = "exact"
    matched: bool = False
    hard: bool = False
    consistent: bool = False
    seed: int = 0
    tau: float = TAU


QUICK = Relating(samples=QUICK_SAMPLES)


@dataclass(frozen=True, eq=False)
class Relatedness:
    """What was found of a reference and a target.

    Attributes:
        bound: measured on held-out samples, lower means better transfer expected.
        chain: the transforms, on standardised features.
        moved_loss: loss in nats of the transplanted head on the moved reference, held-out samples.
        transplanted_loss: loss in nats of the reference's head behind Ā and B, on the target's held-out samples.
        transplanted_accuracy: its accuracy there, in [0, 1].
        seconds: wall time of ``head``, ``transport``, ``steps`` (what is learned beside the transport) and
            ``evaluation``.
    """

    bound: Bound
    chain: Chain
    moved_loss: float
    transplanted_loss: float
    transplanted_accuracy: float
    seconds: dict[str, float]


def relate_tasks(reference: Task, target: Task, how: Relating = QUICK) -> Relatedness:
    """Learn the chain from a reference to a target and measure the bound of the target's loss.

    Of the reference, as many classes take part as the target needs: in the sparse setting those whose means are
    nearest (Hungarian algorithm, on standardised features), else ones that are drawn by seed.

    Raises:
        RelatednessError: if labels are missing, a class has one sample, a feature is not finite, the features are of
            different dimension, or the reference has too few classes.
    """
    return relate_prepared(prepare(reference), prepare(target), how)


def relate_prepared(reference: LabelledTask, target: LabelledTask, how: Relating) -> Relatedness:
    """Return :func:`relate_tasks` of tasks that were checked and standardised."""
    per_class = how.per_class if how.setting is Setting.SPARSE else 1
    require_fit(reference, target.features, target.num_classes, per_class)
    target = target.sample(how.samples, how.seed)
    chosen = reference.renumber(_choose_classes(reference, target, per_class, how))
    reference = chosen.sample(how.samples, how.seed)
    started = time.perf_counter()
    head = fit_lipschitz_head(reference.features, reference.labels, reference.num_classes, how.tau)
    fitted = time.perf_counter()
    couple = _Timed(COUPLERS[how.coupler])
    chain = _learn(reference, target, head, per_class, how, couple)
    learned = time.perf_counter()
    bound = measure_bound(reference, target, head, chain, how.consistent, how.seed)
    own = transplanted(head, chain, chain.move_back(target.held_features))
    moved = transplanted(head, chain, chain.move_back(chain.move(reference.held_features)))
    return Relatedness(
        bound,
        chain,
        float(torch.nn.functional.nll_loss(moved, chain.renumber(reference.held_labels))),
        float(torch.nn.functional.nll_loss(own, target.held_labels)),
        float((own.argmax(1) == target.held_labels).double().mean()),
        {
            "head": fitted - started,
            "transport": couple.seconds,
            "steps": learned - fitted - couple.seconds,
            "evaluation": time.perf_counter() - learned,
        },
    )


def measure_bound(
    reference: LabelledTask,
    target: LabelledTask,
    head: LinearHead,
    chain: Chain,
    consistent: bool = False,
    seed: int = 0,
) -> Bound:
    """Measure every part of the bound on held-out samples.

    τ is the largest slope of the loss over the target with its own labels, and over the target and the moved reference
    with random labels.

    Args:
        reference: the reference task, with the classes of the chain.
        target: the target.
        head: of the reference.
        chain: the transforms.
        consistent: whether τ is measured where the distance is.
        seed: of the random labels.
    """
    generator = torch.Generator().manual_seed(seed)
    moved = chain.move(reference.held_features)
    distance, lonely = class_distance(
        moved, chain.renumber(reference.held_labels), target.held_features, target.held_labels
    )

    def drawn(features: Tensor) -> Tensor:
        return torch.randint(target.num_classes, (len(features),), generator=generator).to(features.device)

    seen = [
        (target.held_features, drawn(target.held_features)),
        (moved, drawn(moved)),
        (target.held_features, target.held_labels),
    ]
    losses = class_losses(head, reference.held_features, reference.held_labels)
    return Bound(
        float(reweighted_loss(chain, reference.prior, losses, len(reference.held_labels))),
        float(label_mismatch(chain)),
        distance,
        max(lipschitz(head, chain, x, y, consistent) for x, y in seen),
        lonely,
    )


def true_loss(target: Task, tau: float = TAU, samples: int | None = None, seed: int = 0) -> float:
    """Return the loss in nats that a retrained head of the same slope has on the target's held-out samples.

    Raises:
        RelatednessError: see :func:`relate_tasks`.
    """
    prepared = prepare(target).sample(samples, seed)
    head = fit_lipschitz_head(prepared.features, prepared.labels, prepared.num_classes, tau)
    return float(torch.nn.functional.cross_entropy(head.logits(prepared.held_features), prepared.held_labels))


def _choose_classes(reference: LabelledTask, target: LabelledTask, per_class: int, how: Relating) -> list[int]:
    if how.setting is Setting.SPARSE:
        return match_classes(reference.means, target.means, per_class)
    generator = torch.Generator().manual_seed(how.seed)
    return torch.randperm(reference.num_classes, generator=generator)[: target.num_classes].tolist()


class _Timed:
    """A coupler that counts its seconds."""

    def __init__(self, couple: Coupler) -> None:
        self.couple, self.seconds = couple, 0.0

    def __call__(self, feature_costs: Tensor, label_costs: Tensor) -> Tensor:
        started = time.perf_counter()
        plan = self.couple(feature_costs, label_costs)
        self.seconds += time.perf_counter() - started
        return plan


def _learn(
    reference: LabelledTask, target: LabelledTask, head: LinearHead, per_class: int, how: Relating, couple: Coupler
) -> Chain:
    relabelling = sparse_relabelling(target.num_classes, per_class).to(reference.features)
    if how.setting is Setting.FIXED_ALL:
        return fixed_chain(reference.features.shape[1], relabelling, reference.prior)
    if how.setting is Setting.SPARSE:
        sides = (reference.features, reference.labels, target.features, target.labels)
        return learn_sparse(*sides, relabelling, couple)
    if how.batch_size < target.num_classes:
        raise RelatednessError(
            f"A batch must have a sample of each of the {target.num_classes} classes (got {how.batch_size}). "
            "Choose a larger batch."
        )
    descent = Descent(how.iterations, how.batch_size, how.label_cost, how.consistent, how.matched, couple, how.seed)
    fixed = relabelling if how.setting is Setting.LEARNED_A else None
    chain = learn_chain(reference, target, head, fixed, descent)
    return harden(chain, target.prior) if how.hard else chain
