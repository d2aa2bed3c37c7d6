"""The retrained head: logistic regression on frozen features, as a linear layer would be fitted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import torch
from torch import Tensor

from zoograph.data.errors import FoldsError
from zoograph.data.networks.features import Features
from zoograph.data.tasks.stratified import validation_rows

L2_GRID = tuple(10.0 ** (exponent / 2) for exponent in range(2, -9, -1))
# The strength when no class has an image to spare for the choice.
_L2_WITHOUT_VALIDATION = 0.1
_VALIDATION_FRACTION = 0.2
_MOST_STEPS = 200
_TOLERANCE = 2e-4


@dataclass(frozen=True)
class HeadResult:
    """What a retrained head reached.

    Attributes:
        accuracy: top-1 on the test images, in [0, 1], higher is better.
        l2: the strength of the penalty that was chosen.
        validation_accuracy: top-1 of that strength on the validation images, in [0, 1]; None if no class had
            two training images.
        num_train: training images, those of the validation included.
        num_test: test images.
        seconds: wall time.
    """

    accuracy: float
    l2: float
    validation_accuracy: float | None
    num_train: int
    num_test: int
    seconds: float


def measure_head(
    train_features: Tensor,
    train_labels: Tensor,
    test_features: Tensor,
    test_labels: Tensor,
    seed: int = 0,
    l2_grid: Sequence[float] = L2_GRID,
    validation: Tensor | None = None,
) -> HeadResult:
    r"""Fit a linear classifier on frozen features and measure its accuracy.

    Minimises over weights :math:`W` and biases :math:`b`

    .. math:: \frac1N \sum_n -\log \mathrm{softmax}(W x_n + b)_{y_n} + \frac{\lambda}{2} \lVert W \rVert^2

    on features that are standardised by the training images. :math:`\lambda` is the one of ``l2_grid`` with
    the least cross-entropy on a stratified fifth of the training images, searched from strong to weak until
    it rises; the head is then fitted to all of them. A class with one training image lends none to the
    validation; if no class has two, :math:`\lambda` is 0.1. A test image of a class without training images
    counts as an error.

    Args:
        train_features: (N, D), any floating type and device.
        train_labels: (N,) integer classes.
        test_features: (M, D).
        test_labels: (M,) integer classes.
        seed: of the validation split.
        l2_grid: the strengths to choose from.
        validation: (N,) bool, the training images to choose by; default: a stratified fifth.

    Raises:
        FoldsError: if there are fewer than two training classes or no test images, or if a feature is not
            finite.
        ValueError: if the shapes do not fit together.
    """
    started = time.perf_counter()
    _check(train_features, train_labels, test_features, test_labels)
    classes, targets = torch.unique(train_labels, return_inverse=True)
    axes = _Axes.of(train_features)
    train, test = axes.along(train_features), axes.along(test_features)
    given = None if validation is None else validation.cpu()
    held = torch.from_numpy(validation_rows(targets.cpu(), given, _VALIDATION_FRACTION, seed)).to(train.device)
    l2, validation_accuracy, start = _L2_WITHOUT_VALIDATION, None, None
    if bool(held.any()):
        l2, validation_accuracy, start = _choose_l2(train, targets, held, l2_grid)
    head = _Head(train, targets, len(classes)).fit(l2, start)
    correct = classes[_logits(test, head).argmax(1)] == test_labels.to(classes.device)
    return HeadResult(
        float(correct.double().mean()),
        l2,
        validation_accuracy,
        len(train),
        len(test),
        time.perf_counter() - started,
    )


def head_logits(
    train_features: Tensor, train_labels: Tensor, test_features: Tensor, l2: float = _L2_WITHOUT_VALIDATION
) -> Tensor:
    """Fit the classifier of :func:`measure_head` with a given strength, and return its logits.

    Args:
        train_features: (N, D), any floating type and device.
        train_labels: (N,) classes 0 … C - 1.
        test_features: (M, D).
        l2: strength of the penalty, positive.

    Returns:
        (M, C) float32.
    """
    axes = _Axes.of(train_features)
    train, test = axes.along(train_features), axes.along(test_features)
    return _logits(test, _Head(train, train_labels, int(train_labels.max()) + 1).fit(l2))


def fit_classifier(features: Tensor, targets: Tensor, held: Tensor) -> tuple[Tensor, Tensor]:
    """Fit the classifier of :func:`measure_head`, with the strength that suits the images held out, to the others.

    Args:
        features: (N, D), any floating type and device.
        targets: (N,) classes 0 … C - 1, on the device of the features.
        held: (N,) bool, the images to choose by.

    Returns:
        (C, D) weights and (C,) biases of a linear layer on the features as they are, float64.
    """
    axes = _Axes.of(features[~held])
    _, _, weights = _choose_l2(axes.along(features), targets, held, L2_GRID)
    return axes.undo(weights)


def measure_head_on(features: Features, test_fraction: float = 0.3, seed: int = 0) -> HeadResult:
    """Measure the retrained head on one task.

    The task's own test images are used if it has some; otherwise a stratified ``test_fraction`` of each class
    is held out by ``seed``, see :func:`zoograph.data.tasks.stratified.stratified_hold_out`.

    Raises:
        FoldsError: see :func:`measure_head`.
    """
    test = features.test_rows(test_fraction, seed)
    x, y = features.features, features.labels
    validation = None if features.is_validation is None else features.is_validation[~test]
    return measure_head(x[~test], y[~test], x[test], y[test], seed, validation=validation)


def _check(train_features: Tensor, train_labels: Tensor, test_features: Tensor, test_labels: Tensor) -> None:
    for name, x, y in (("train", train_features, train_labels), ("test", test_features, test_labels)):
        if x.ndim != 2 or y.shape != x.shape[:1] or x.shape[1] != train_features.shape[1]:
            raise ValueError(
                f"'{name}_features' must be (N, D) and '{name}_labels' (N,) (got {tuple(x.shape)} and {tuple(y.shape)})"
            )
        if not bool(torch.isfinite(x).all()):
            raise FoldsError(f"A retrained head needs finite features (got NaN or infinity in the {name} features).")
    if len(torch.unique(train_labels)) < 2:
        raise FoldsError("A retrained head needs training images of two classes (got fewer). Add another class.")
    if len(test_labels) == 0:
        raise FoldsError("A retrained head needs test images (got none). Hold out some, or add images.")


class _Axes(NamedTuple):
    """Standardisation by training images and rotation onto their principal axes, of which there are at most N.

    A rotation leaves the penalty, and so the classifier, as it was; the axes without spread in training say
    nothing and are dropped.
    """

    mean: Tensor
    scale: Tensor
    axes: Tensor

    @classmethod
    def of(cls, train: Tensor) -> Self:
        train = train.double()
        mean, deviation = train.mean(0), train.std(0, correction=0)
        scale = torch.where(deviation > 0, 1 / deviation, 0.0)
        train = (train - mean) * scale
        if train.shape[0] < train.shape[1]:
            spread, left = torch.linalg.eigh(train @ train.T)
            keep = spread > spread[-1] * 1e-12
            axes = (train.T @ left[:, keep]) * spread[keep].rsqrt()
        else:
            spread, right = torch.linalg.eigh(train.T @ train)
            axes = right[:, spread > spread[-1] * 1e-12]
        return cls(mean, scale, axes)

    def along(self, features: Tensor) -> Tensor:
        """Return (N, r) float32."""
        return ((features.double() - self.mean) * self.scale @ self.axes).float()

    def undo(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weights (C, D) and biases (C,) on features as they are, of (r + 1, C) ones along the axes."""
        weight = (self.axes @ weights[:-1].double()).T * self.scale
        return weight, weights[-1].double() - weight @ self.mean


def _choose_l2(x: Tensor, targets: Tensor, held: Tensor, grid: Sequence[float]) -> tuple[float, float, Tensor]:
    """Return the strength with the least loss on the rows held out, its accuracy there, and its weights.

    Strengths are tried from strong to weak, each from the solution of the one before, until the loss rises.
    """
    fitted = _Head(x[~held], targets[~held], int(targets.max()) + 1)
    best: tuple[float, float, Tensor] | None = None
    least = float("inf")
    weights = None
    for l2 in sorted(grid, reverse=True):
        weights = fitted.fit(l2, weights)
        logits = _logits(x[held], weights)
        loss = float(torch.nn.functional.cross_entropy(logits, targets[held]))
        if loss >= least:
            break
        least = loss
        best = l2, float((logits.argmax(1) == targets[held]).double().mean()), weights
    assert best is not None
    return best


def _logits(x: Tensor, weights: Tensor) -> Tensor:
    return torch.addmm(weights[-1], x, weights[:-1])


class _Head:
    """The penalised problem on fixed rows, solved by L-BFGS.

    Weights are (r + 1, C), the biases in the last row.
    """

    def __init__(self, x: Tensor, targets: Tensor, num_classes: int) -> None:
        self.x, self.targets = x, targets
        self.one_hot = torch.nn.functional.one_hot(targets, num_classes).to(x.dtype)
        self.spread = torch.cat([x.square().mean(0), x.new_ones(1)])[:, None]

    def fit(self, l2: float, start: Tensor | None = None) -> Tensor:
        """Return the weights of strength ``l2``, from ``start`` if it is given."""
        weights = self.x.new_zeros(len(self.spread), self.one_hot.shape[1]) if start is None else start
        penalty = torch.full_like(self.spread, l2)
        penalty[-1] = 0.0
        # The curvature along principal axes is nearly diagonal: in units of its root the problem is round.
        chances = _logits(self.x, weights).softmax(1)
        unit = (self.spread * (chances * (1 - chances)).mean() + penalty + 1e-9).rsqrt()
        free = (weights / unit).requires_grad_()
        optimizer = torch.optim.LBFGS(
            [free], max_iter=_MOST_STEPS, tolerance_grad=_TOLERANCE, tolerance_change=0.0, line_search_fn="strong_wolfe"
        )

        def closure() -> Tensor:
            scaled = free.detach() * unit
            log_chances = _logits(self.x, scaled).log_softmax(1)
            loss = -(log_chances * self.one_hot).sum() / len(self.x) + (penalty * scaled.square()).sum() / 2
            slope = (log_chances.exp() - self.one_hot) / len(self.x)
            gradient = torch.cat([self.x.T @ slope, slope.sum(0, keepdim=True)]) + penalty * scaled
            free.grad = gradient * unit
            return loss

        optimizer.step(closure)
        return free.detach() * unit
