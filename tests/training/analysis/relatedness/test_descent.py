"""The published descent: where it starts, what a batch holds, and that steps lower the objective."""

from __future__ import annotations

import pytest
import torch

from zoograph.graphs.scores.relatedness.tasks import LabelledTask, Task, prepare
from zoograph.training.analysis.relatedness.descent import Descent, _draw, learn_chain
from zoograph.training.analysis.relatedness.head import fit_lipschitz_head


def _task(seed: int, size: int = 120, num_classes: int = 3) -> LabelledTask:
    centres = 3 * torch.randn(num_classes, 5, generator=torch.Generator().manual_seed(7))
    labels = torch.arange(size) % num_classes
    features = centres[labels] + torch.randn(size, 5, generator=torch.Generator().manual_seed(seed))
    return prepare(Task("task", features, labels, features, labels))


def test_a_batch_has_its_share_of_each_class_or_all_that_there_are() -> None:
    task, generator = _task(0), torch.Generator().manual_seed(0)
    rows = _draw(task, torch.tensor([0.5, 0.3, 0.2]), Descent(batch_size=20), generator)
    assert torch.bincount(task.labels[rows]).tolist() == [10, 6, 4]
    assert len(rows.unique()) == 20
    rows = _draw(task, torch.tensor([0.9, 0.05, 0.05]), Descent(batch_size=100), generator)
    assert torch.bincount(task.labels[rows]).tolist() == [40, 5, 5]  # class 0 has no more than 40


def test_before_any_step_nothing_is_moved() -> None:
    reference, target = _task(0), _task(1)
    head = fit_lipschitz_head(reference.features, reference.labels, 3)
    chain = learn_chain(reference, target, head, None, Descent(iterations=0))
    assert torch.equal(chain.matrix, torch.eye(5, dtype=chain.matrix.dtype))
    assert torch.equal(chain.move(reference.features), reference.features)
    assert chain.relabelling.sum(0).tolist() == pytest.approx([1.0] * 3)
    assert chain.prior.tolist() == pytest.approx([1 / 3] * 3)


def test_steps_repeat_themselves_and_another_seed_takes_others() -> None:
    reference, target = _task(0), _task(1)
    head = fit_lipschitz_head(reference.features, reference.labels, 3)
    chains = [learn_chain(reference, target, head, None, Descent(3, 30, seed=seed)) for seed in (0, 0, 1)]
    assert torch.equal(chains[0].matrix, chains[1].matrix)
    assert not torch.equal(chains[0].matrix, chains[2].matrix)


def test_a_relabelling_that_is_held_fixed_stays_as_it_is() -> None:
    reference, target = _task(0), _task(1)
    head = fit_lipschitz_head(reference.features, reference.labels, 3)
    fixed = torch.eye(3)[[1, 2, 0]]
    chain = learn_chain(reference, target, head, fixed, Descent(5, 30))
    assert torch.equal(chain.relabelling, fixed.to(chain.relabelling))
    assert not torch.equal(chain.matrix, torch.eye(5, dtype=chain.matrix.dtype))
