"""Task-relatedness of an unlabelled target: pseudo-labels from k-means, refined by way of the reference."""

from __future__ import annotations

from typing import NamedTuple

import torch
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from torch import Tensor

from zoograph.graphs.scores.relatedness.sparse import learn_sparse, match_classes, sparse_relabelling
from zoograph.graphs.scores.relatedness.tasks import (
    LabelledTask,
    Task,
    class_means,
    prepare,
    prepare_features,
    require_fit,
)
from zoograph.training.analysis.relatedness.relate import QUICK, Relatedness, Relating, relate_prepared

ROUNDS = 5
_STARTS = 10


class Unlabelled(NamedTuple):
    """Relatedness by guessed labels.

    Attributes:
        relatedness: lower bound means better transfer expected.
        labels: (N,) guesses for the samples to learn on.
        held_labels: (M,) guesses for the samples to measure on.
        rounds: how often all labels were guessed again.
    """

    relatedness: Relatedness
    labels: Tensor
    held_labels: Tensor
    rounds: int


def relate_unlabelled(
    reference: Task, target: Task, num_classes: int, how: Relating = QUICK, rounds: int = ROUNDS
) -> Unlabelled:
    """Relate a reference to a target by guesses of the target's labels; labels that it has are not read.

    The first guess is k-means on standardised features. In every round the chain of the sparse setting is learned
    from the guess, and each sample gets the class of the nearest mean of the moved reference; rounds end when
    no guess changes, or when a class would be left with less than two samples.

    Args:
        reference: with labels.
        target: its features.
        num_classes: of the target, two at least.
        how: tasks are related.
        rounds: at most; with 0 k-means has the last word.

    Raises:
        RelatednessError: see :func:`zoograph.training.analysis.relatedness.relate.relate_tasks`.
        ValueError: if ``num_classes`` is less than two or more than the samples.
    """
    if not 2 <= num_classes <= len(target.features) // 2:
        raise ValueError(f"'num_classes' must be from 2 to {len(target.features) // 2} (got {num_classes})")
    known, (features, held_features) = prepare(reference), prepare_features(target)
    require_fit(known, features, num_classes, how.per_class)
    guess = _cluster(features, held_features, num_classes, how.seed)
    done = 0
    for _ in range(rounds):
        renewed = _nearest_means(known, guess, how.per_class)
        changed = not torch.equal(renewed.labels, guess.labels)
        if not changed or int(torch.bincount(renewed.labels, minlength=num_classes).min()) < 2:
            break
        guess, done = renewed, done + 1
    return Unlabelled(relate_prepared(known, guess, how), guess.labels, guess.held_labels, done)


def agreement(guesses: Tensor, labels: Tensor) -> float:
    """Return the share of (N,) guesses that agree with the labels when guessed classes are renamed at their best."""
    sides = [torch.unique(side, return_inverse=True)[1] for side in (guesses, labels)]
    table = torch.zeros(int(sides[0].max()) + 1, int(sides[1].max()) + 1)
    table.index_put_((sides[0], sides[1]), torch.ones(len(guesses)), accumulate=True)
    rows, columns = linear_sum_assignment(table.numpy(), maximize=True)
    return float(table[rows, columns].sum()) / len(guesses)


def _cluster(features: Tensor, held_features: Tensor, num_classes: int, seed: int) -> LabelledTask:
    clusters = KMeans(num_classes, n_init=_STARTS, random_state=seed).fit(features.cpu().numpy())
    labels = torch.from_numpy(clusters.labels_).long().to(features.device)
    held = torch.from_numpy(clusters.predict(held_features.cpu().numpy())).long().to(features.device)
    return LabelledTask(features, labels, held_features, held)


def _nearest_means(reference: LabelledTask, guess: LabelledTask, per_class: int) -> LabelledTask:
    """Guess again, from the means of the reference after it was moved to the present guess."""
    chosen = reference.renumber(match_classes(reference.means, guess.means, per_class))
    relabelling = sparse_relabelling(guess.num_classes, per_class)
    chain = learn_sparse(chosen.features, chosen.labels, guess.features, guess.labels, relabelling)
    means = class_means(chain.move(chosen.features), chain.renumber(chosen.labels))
    labels, held_labels = (torch.cdist(x, means).argmin(1) for x in (guess.features, guess.held_features))
    return LabelledTask(guess.features, labels, guess.held_features, held_labels)
