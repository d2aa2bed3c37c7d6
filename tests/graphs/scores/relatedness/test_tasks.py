"""Tasks that are fit to be related, and the sentences for those that are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from zoograph.graphs.scores.relatedness.tasks import LabelledTask, RelatednessError, Task, prepare, require_fit


def task(**changes: Any) -> Task:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(30) % 3
    features = torch.randn(30, 4, generator=generator) + labels[:, None]
    return replace(Task("birds", features, labels, features[:15] + 1, labels[:15]), **changes)


def test_features_are_standardised_by_those_to_learn_on_and_constant_ones_become_zero() -> None:
    given = task()
    given.features[:, 2] = 7.0
    found = prepare(given)
    assert found.features.mean(0).tolist() == pytest.approx([0] * 4, abs=1e-6)
    assert found.features.std(0, correction=0).tolist() == pytest.approx([1, 1, 0, 1], abs=1e-6)
    mean, deviation = given.features.double().mean(0), given.features.double().std(0, correction=0)
    torch.testing.assert_close(found.held_features[:, 0], (given.held_features[:, 0].double() - mean[0]) / deviation[0])
    assert found.features.dtype == torch.float64


def test_names_and_order_of_classes_do_not_matter() -> None:
    given = task()
    renamed = torch.tensor([40, -3, 7])
    assert given.labels is not None
    assert given.held_labels is not None
    other = prepare(replace(given, labels=renamed[given.labels], held_labels=renamed[given.held_labels]))
    one = prepare(given)
    assert torch.equal(one.labels, other.labels)
    assert torch.equal(one.held_labels, other.held_labels)


def test_chosen_classes_get_new_numbers_and_new_scales() -> None:
    one = prepare(task())
    few = one.renumber([2, 0])
    assert few.num_classes == 2
    assert torch.equal(few.labels == 0, (one.labels == 2)[one.labels != 1])
    assert few.features.mean(0).tolist() == pytest.approx([0] * 4, abs=1e-9)


def test_a_sample_keeps_every_class() -> None:
    few = prepare(task()).sample(6)
    assert (len(few.features), len(few.held_features)) == (6, 6)
    assert torch.bincount(few.labels).tolist() == [2, 2, 2]
    assert few.prior.tolist() == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": None}, r"labels of 'birds' are not known.*'--unlabelled'"),
        ({"held_labels": None}, "labels of 'birds' are not known"),
        ({"features": torch.full((30, 4), float("nan"))}, "'birds' must be finite"),
        ({"held_features": torch.full((15, 4), float("inf"))}, "'birds' must be finite"),
        ({"labels": torch.zeros(30).long()}, "one class. Add another class"),
        ({"labels": torch.tensor([0] * 29 + [5])}, r"class 5 of 'birds' has 1 sample.*leave the class out"),
        ({"held_labels": torch.full((15,), 9)}, "held-out part of 'birds' has classes without samples"),
    ],
)
def test_a_task_that_has_no_relatedness_says_what_to_do(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RelatednessError, match=message):
        prepare(task(**changes))


@pytest.mark.parametrize("changes", [{"labels": torch.zeros(30)}, {"labels": torch.zeros(7).long()}])
def test_labels_must_be_one_integer_each(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="one integer for each sample"):
        prepare(task(**changes))


def test_features_must_be_matrices_of_one_width() -> None:
    with pytest.raises(ValueError, match="matrices of one width"):
        prepare(task(held_features=torch.zeros(15, 3)))


def test_a_reference_that_is_too_small_or_of_another_model_is_refused() -> None:
    reference: LabelledTask = prepare(task())
    require_fit(reference, torch.zeros(2, 4), 3)
    with pytest.raises(RelatednessError, match=r"has 3 classes, and 4 are needed.*more classes"):
        require_fit(reference, torch.zeros(2, 4), 4)
    with pytest.raises(RelatednessError, match="has 3 classes, and 4 are needed for the 2"):
        require_fit(reference, torch.zeros(2, 4), 2, per_class=2)
    with pytest.raises(RelatednessError, match=r"4 features and 5.*one model"):
        require_fit(reference, torch.zeros(2, 5), 3)
