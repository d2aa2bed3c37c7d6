from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from zoograph.data.errors import FoldsError
from zoograph.data.networks.features import Features
from zoograph.data.testing.pretend_device import PRETEND, PretendDevice
from zoograph.training.measuring.head import L2_GRID, measure_head, measure_head_on

Split = tuple[Tensor, Tensor, Tensor, Tensor]


@pytest.fixture(scope="module")
def digits() -> Callable[[int], Split]:
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    x, y = torch.tensor(images[order], dtype=torch.float32), torch.tensor(labels[order])
    return lambda size: (x[:size], y[:size], x[-800:], y[-800:])


@pytest.mark.parametrize("size", [40, 400])  # fewer and more images than the 64 features
@pytest.mark.parametrize("l2", [1.0, 0.01])
def test_agrees_with_scikit_learn_at_the_same_strength(digits: Callable[[int], Split], size: int, l2: float) -> None:
    x, y, test_x, test_y = digits(size)
    scaler = StandardScaler().fit(x)
    reference = LogisticRegression(C=1 / (l2 * size), max_iter=10_000, tol=1e-8).fit(scaler.transform(x), y)
    expected = reference.score(scaler.transform(test_x), test_y)
    assert measure_head(x, y, test_x, test_y, l2_grid=[l2]).accuracy == pytest.approx(expected, abs=1.5 / 800)


def test_the_strength_that_is_chosen_is_nearly_the_best(digits: Callable[[int], Split]) -> None:
    split = digits(300)
    result = measure_head(*split)
    best = max(measure_head(*split, l2_grid=[l2]).accuracy for l2 in L2_GRID)
    assert result.l2 in L2_GRID
    assert best - 0.02 < result.accuracy <= best
    assert result.validation_accuracy == pytest.approx(result.accuracy, abs=0.1)
    assert (result.num_train, result.num_test) == (300, 800)


def test_the_same_seed_gives_the_same_result(digits: Callable[[int], Split]) -> None:
    first, second = (measure_head(*digits(200), seed=3) for _ in range(2))
    assert (first.accuracy, first.l2, first.validation_accuracy) == (
        second.accuracy,
        second.l2,
        second.validation_accuracy,
    )


def test_scale_and_names_of_classes_do_not_matter(digits: Callable[[int], Split]) -> None:
    x, y, test_x, test_y = digits(200)
    plain = measure_head(x, y, test_x, test_y)
    changed = measure_head(100 * x - 7, 5 * y - 20, 100 * test_x - 7, 5 * test_y - 20)
    assert changed.accuracy == pytest.approx(plain.accuracy, abs=2 / 800)


def test_chance_on_features_without_a_signal() -> None:
    random = torch.Generator().manual_seed(0)
    x, y = torch.randn(1400, 20, generator=random), torch.arange(1400) % 4
    assert measure_head(x[:400], y[:400], x[400:], y[400:]).accuracy == pytest.approx(0.25, abs=0.05)


def test_classes_of_one_image() -> None:
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    result = measure_head(x, torch.arange(3), x.repeat(2, 1), torch.arange(3).repeat(2))
    assert (result.accuracy, result.l2, result.validation_accuracy) == (1.0, 0.1, None)
    partly = measure_head(x[[0, 0, 0, 1, 2]], torch.tensor([0, 0, 0, 1, 2]), x, torch.arange(3))
    assert partly.validation_accuracy in (0.0, 1.0)  # class 0 alone has an image to spare


def test_a_test_class_without_training_images_is_an_error_of_the_head() -> None:
    x = torch.tensor([[-1.0], [-1.1], [1.0], [1.1]])
    result = measure_head(x, torch.tensor([0, 0, 1, 1]), x, torch.tensor([0, 0, 1, 2]))
    assert result.accuracy == 0.75


def test_constant_and_duplicate_features(digits: Callable[[int], Split]) -> None:
    x, y, test_x, test_y = digits(200)
    plain = measure_head(x, y, test_x, test_y, l2_grid=[0.01]).accuracy
    padded = [torch.cat([part, torch.full((len(part), 3), 5.0)], 1) for part in (x, test_x)]
    assert measure_head(padded[0], y, padded[1], test_y, l2_grid=[0.01]).accuracy == plain
    doubled = [torch.cat([part, part], 1) for part in (x, test_x)]
    assert measure_head(doubled[0], y, doubled[1], test_y, l2_grid=[0.02]).accuracy == pytest.approx(plain, abs=2 / 800)


def test_features_without_any_spread_reach_the_larger_class() -> None:
    result = measure_head(torch.ones(5, 3), torch.tensor([0, 0, 0, 1, 1]), torch.ones(4, 3), torch.tensor([0, 0, 0, 1]))
    assert result.accuracy == 0.75


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({1: torch.zeros(4, dtype=torch.int64)}, "training images of two classes"),
        ({2: torch.zeros(0, 2), 3: torch.zeros(0, dtype=torch.int64)}, r"needs test images \(got none\)"),
        ({0: torch.full((4, 2), torch.nan)}, "NaN or infinity in the train features"),
        ({2: torch.full((4, 2), torch.inf)}, "NaN or infinity in the test features"),
    ],
)
def test_what_cannot_be_measured(changes: dict[int, Tensor], message: str) -> None:
    parts: list[Any] = [torch.rand(4, 2), torch.tensor([0, 1, 0, 1])] * 2
    with pytest.raises(FoldsError, match=message):
        measure_head(*(changes.get(place, part) for place, part in enumerate(parts)))


@pytest.mark.parametrize("shapes", [((4, 2), 3, (4, 2), 4), ((4, 2), 4, (4, 3), 4), ((4,), 4, (4,), 4)])
def test_shapes_that_do_not_fit(shapes: Any) -> None:
    train, n, test, m = shapes
    labels = torch.arange(5) % 2
    with pytest.raises(ValueError, match="must be"):
        measure_head(torch.rand(train), labels[:n], torch.rand(test), labels[:m])


def test_a_task_is_split_by_class_or_as_its_authors_did(digits: Callable[[int], Split]) -> None:
    x, y, *_ = digits(500)
    task = Features(x, None, y, tuple("0123456789"), (), None, "key")
    drawn = measure_head_on(task, test_fraction=0.2, seed=1)
    counts = torch.bincount(y)
    assert drawn.num_test == int((0.2 * counts).round().sum())
    assert drawn.num_train == 500 - drawn.num_test
    own = Features(x, None, y, task.classes, (), torch.arange(500) >= 400, "key")
    assert measure_head_on(own).accuracy == measure_head(x[:400], y[:400], x[400:], y[400:]).accuracy


def test_given_images_choose_the_strength(digits: Callable[[int], Split]) -> None:
    x, y, test_x, test_y = digits(300)
    given = torch.arange(300) >= 200
    result = measure_head(x, y, test_x, test_y, validation=given)
    losses = {l2: measure_head(x[~given], y[~given], x[given], y[given], l2_grid=[l2]).accuracy for l2 in L2_GRID}
    assert result.validation_accuracy == pytest.approx(losses[result.l2], abs=0.011)
    assert result.num_train == 300
    other = measure_head(x, y, test_x, test_y, validation=torch.arange(300) < 30)
    assert other.validation_accuracy != result.validation_accuracy


def test_it_is_fitted_where_the_features_are(digits: Callable[[int], Split]) -> None:
    x, y, _, _ = digits(100)

    def seen(device: torch.device) -> Features:
        return Features(x.to(device), None, y.to(device), tuple("0123456789"), {}, None, "key")

    with PretendDevice():
        there = measure_head_on(seen(PRETEND))
    here = measure_head_on(seen(torch.device("cpu")))
    assert (there.accuracy, there.l2, there.num_test) == (here.accuracy, here.l2, here.num_test)
