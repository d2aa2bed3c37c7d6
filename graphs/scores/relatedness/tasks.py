"""Tasks as task-relatedness compares them: labelled features in two parts, checked, standardised, in one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from zoograph.data.errors import ZoographError
from zoograph.data.tasks.stratified import stratified_sample

LEAST_SAMPLES = 2
"""Samples of each class that there must be to learn on."""


class RelatednessError(ZoographError):
    """Two tasks whose relatedness has no value."""


@dataclass(frozen=True, eq=False)
class Task:
    """One task under one model.

    Attributes:
        name: what messages call it.
        features: (N, d) features to learn on, any floating type.
        labels: (N,) their integer classes; None if they are not known.
        held_features: (M, d) features that the bound is measured on.
        held_labels: (M,) their classes; None if they are not known.
    """

    name: str
    features: Tensor
    labels: Tensor | None
    held_features: Tensor
    held_labels: Tensor | None


@dataclass(frozen=True, eq=False)
class LabelledTask:
    """A task as the algorithms take it: float64, standardised by what is learned on, classes numbered from 0.

    Classes are numbered in the order of their mean features, so that neither names nor numbers of classes matter.

    Attributes:
        features: (N, d) with mean 0 and standard deviation 1, or 0 where a feature is constant.
        labels: (N,) 0 … K - 1, each with two samples at least.
        held_features: (M, d), standardised by the same numbers.
        held_labels: (M,).
    """

    features: Tensor
    labels: Tensor
    held_features: Tensor
    held_labels: Tensor

    @property
    def num_classes(self) -> int:
        """K."""
        return int(self.labels.max()) + 1

    @property
    def prior(self) -> Tensor:
        """(K,) class frequencies."""
        return torch.bincount(self.labels).to(self.features) / len(self.labels)

    @property
    def means(self) -> Tensor:
        """(K, d) class means."""
        return class_means(self.features, self.labels)

    def sample(self, size: int | None, seed: int = 0) -> LabelledTask:
        """Return a stratified sample of at most ``size`` samples of either part, standardised anew; None keeps all."""
        if size is None:
            return self
        rows, held = (
            torch.from_numpy(stratified_sample(labels.cpu(), size, seed)).to(labels.device)
            for labels in (self.labels, self.held_labels)
        )
        features, held_features = standardise(self.features[rows], self.held_features[held])
        return LabelledTask(features, self.labels[rows], held_features, self.held_labels[held])

    def renumber(self, numbers: Sequence[int]) -> LabelledTask:
        """Return the task of some classes alone, standardised anew; class ``numbers[k]`` becomes class k."""
        place = torch.full((self.num_classes,), -1, device=self.labels.device)
        place[torch.as_tensor(numbers, device=place.device)] = torch.arange(len(numbers), device=place.device)
        kept, held = place[self.labels] >= 0, place[self.held_labels] >= 0
        features, held_features = standardise(self.features[kept], self.held_features[held])
        return LabelledTask(features, place[self.labels[kept]], held_features, place[self.held_labels[held]])


def prepare(task: Task) -> LabelledTask:
    """Return a task, checked and standardised.

    Raises:
        RelatednessError: if labels are missing, a feature is not finite, a class has fewer than two samples to learn
            on, or a held-out label is of none of the classes.
        ValueError: if shapes do not fit together.
    """
    if task.labels is None or task.held_labels is None:
        raise RelatednessError(
            f"The labels of '{task.name}' are not known, and this needs them. Give labels, or ask without labels: "
            "'--unlabelled', or 'relate_unlabelled'."
        )
    features, held_features = prepare_features(task)
    for x, y in ((features, task.labels), (held_features, task.held_labels)):
        if y.shape != x.shape[:1] or y.is_floating_point():
            raise ValueError(f"the labels of '{task.name}' must be one integer for each sample (got {tuple(y.shape)})")
    classes, labels, counts = torch.unique(task.labels, return_inverse=True, return_counts=True)
    if len(classes) < 2:
        raise RelatednessError(f"The task '{task.name}' has samples of one class. Add another class.")
    if int(counts.min()) < LEAST_SAMPLES:
        single = classes[counts.argmin()].item()
        raise RelatednessError(
            f"The class {single} of '{task.name}' has {int(counts.min())} sample to learn on, and two are the least. "
            "Add samples of it, or leave the class out."
        )
    at = torch.searchsorted(classes, task.held_labels).clamp_max(len(classes) - 1)
    if not torch.equal(classes[at], task.held_labels):
        raise RelatednessError(
            f"The held-out part of '{task.name}' has classes without samples to learn on. "
            "Add samples, or leave the classes out."
        )
    means = class_means(features, labels).tolist()
    order = torch.tensor(sorted(range(len(means)), key=means.__getitem__), device=labels.device)
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order), device=order.device)
    return LabelledTask(features, place[labels], held_features, place[at])


def prepare_features(task: Task) -> tuple[Tensor, Tensor]:
    """Return both parts of the features of a task, checked and standardised.

    Raises:
        RelatednessError: if a feature is not finite.
        ValueError: if shapes do not fit together.
    """
    parts = (task.features, task.held_features)
    if any(part.ndim != 2 or part.shape[1] != parts[0].shape[1] or len(part) == 0 for part in parts):
        shapes = " and ".join(str(tuple(part.shape)) for part in parts)
        raise ValueError(f"the features of '{task.name}' must be matrices of one width (got {shapes})")
    if not all(bool(torch.isfinite(part).all()) for part in parts):
        raise RelatednessError(
            f"The features of '{task.name}' must be finite (got NaN or infinity). Compute them again in float32."
        )
    return standardise(*parts)


def require_fit(reference: LabelledTask, features: Tensor, num_classes: int, per_class: int = 1) -> None:
    """Raise unless a reference can stand for a target.

    Args:
        reference: the reference task.
        features: (N, d) of the target.
        num_classes: of the target.
        per_class: reference classes for each class of the target.

    Raises:
        RelatednessError: if it has too few classes, or features of another dimension.
    """
    if reference.features.shape[1] != features.shape[1]:
        raise RelatednessError(
            f"Reference and target must be seen by the same model (got {reference.features.shape[1]} features and "
            f"{features.shape[1]}). Compute both with one model."
        )
    if reference.num_classes < num_classes * per_class:
        raise RelatednessError(
            f"The reference has {reference.num_classes} classes, and {num_classes * per_class} are needed for the "
            f"{num_classes} of the target. Choose a reference with more classes, or a target with fewer."
        )


def standardise(features: Tensor, held_features: Tensor) -> tuple[Tensor, Tensor]:
    """Return both in float64, less the mean and by the standard deviation of the first; constant features become 0."""
    features, held_features = features.double(), held_features.double()
    mean, deviation = features.mean(0), features.std(0, correction=0)
    scale = torch.where(deviation > 1e-12 * (mean.abs() + 1), 1 / deviation, 0.0)
    return (features - mean) * scale, (held_features - mean) * scale


def class_means(features: Tensor, labels: Tensor) -> Tensor:
    """Return the (K, d) means of (N, d) features by (N,) classes, each of which occurs."""
    counts = torch.bincount(labels)
    return features.new_zeros(len(counts), features.shape[1]).index_add_(0, labels, features) / counts[:, None]
