"""Task-relatedness without the labels of the target."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from zoograph.graphs.scores.relatedness.tasks import RelatednessError, Task
from zoograph.training.analysis.relatedness.relate import relate_tasks
from zoograph.training.analysis.relatedness.unlabelled import agreement, relate_unlabelled


def task(seed: int = 0, spread: float = 3.0, num_classes: int = 4) -> Task:
    centres = spread * torch.randn(num_classes, 6, generator=torch.Generator().manual_seed(7))
    labels = torch.arange(240) % num_classes
    features = centres[labels] + torch.randn(240, 6, generator=torch.Generator().manual_seed(seed))
    return Task("task", features[:120], labels[:120], features[120:], labels[120:])


def test_guessed_labels_give_the_bound_of_the_labelled_target_where_classes_are_apart() -> None:
    reference, target = task(), task(seed=1)
    found = relate_unlabelled(reference, replace(target, labels=None, held_labels=None), 4)
    assert target.labels is not None
    assert agreement(found.labels, target.labels) > 0.95
    assert found.relatedness.bound.total == pytest.approx(relate_tasks(reference, target).bound.total, rel=0.01)


def test_labels_that_are_there_are_not_read() -> None:
    target = task(seed=1)
    blind = relate_unlabelled(task(), replace(target, labels=None, held_labels=None), 4)
    assert relate_unlabelled(task(), target, 4).relatedness.bound == blind.relatedness.bound


def test_the_reference_corrects_the_clusters() -> None:
    target = task(seed=1, spread=1.2)
    assert target.labels is not None
    clusters, renewed = (relate_unlabelled(task(spread=1.2), target, 4, rounds=rounds) for rounds in (0, 5))
    assert clusters.rounds == 0 < renewed.rounds <= 5
    assert not torch.equal(clusters.labels, renewed.labels)
    assert agreement(renewed.labels, target.labels) >= agreement(clusters.labels, target.labels) - 0.02


def test_agreement_renames_classes_at_their_best() -> None:
    assert agreement(torch.tensor([5, 5, 2, 2]), torch.tensor([0, 0, 1, 1])) == 1.0
    assert agreement(torch.tensor([0, 0, 0, 1]), torch.tensor([0, 0, 1, 1])) == 0.75


def test_a_number_of_classes_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"from 2 to 60 \(got 1\)"):
        relate_unlabelled(task(), task(), 1)
    with pytest.raises(RelatednessError, match="has 4 classes, and 5 are needed"):
        relate_unlabelled(task(), task(), 5)
