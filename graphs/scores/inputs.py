"""Inputs of a score: checked once, with the moments that several scores share computed once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from zoograph.graphs.scores.numerics.moments import Moments
from zoograph.graphs.scores.numerics.order import canonical_order
from zoograph.graphs.scores.undefined import UndefinedScore

_SAME = 1e-12  # of a target's length: what is left of it below that is rounding
_LARGEST = torch.finfo(torch.float32).max  # fourth powers of such features still fit into float64


@dataclass(frozen=True, eq=False)
class ScoreInputs:
    """One model's view of one dataset.

    Attributes:
        features: (N, D) pooled features of N labelled images, any floating type and device.
        labels: (N,) integer classes of the target; any values, renumbered in :attr:`targets`.
        source_probabilities: (N, S) probabilities of the model's S source classes on the same images, if known.
        source_features: (M, D) features of images of the source task under the same model, if known.
        source_labels: (M,) their source classes.

    Raises:
        ValueError: if shapes do not fit together, labels are no integers or probabilities are negative.
        UndefinedScore: if there are fewer than two samples or classes, or a value is NaN, infinite or larger than
            float32 can hold.
    """

    features: Tensor
    labels: Tensor
    source_probabilities: Tensor | None = None
    source_features: Tensor | None = None
    source_labels: Tensor | None = None

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or self.labels.shape != self.features.shape[:1]:
            raise ValueError(
                f"features must be (N, D) and labels (N,) (got {tuple(self.features.shape)} "
                f"and {tuple(self.labels.shape)})"
            )
        _require_integers("labels", self.labels)
        if self.num_samples < 2 or self.num_features < 1:
            raise UndefinedScore(
                f"{self.num_samples} samples of {self.num_features} features, two of one are the least"
            )
        low, high = _require_finite("features", self.features)
        if max(-low, high) > _LARGEST:
            raise UndefinedScore("features are larger than float32 can hold")
        if self.num_classes < 2:
            raise UndefinedScore("all samples are of one class")
        if self.source_probabilities is not None:
            _require_matrix("source_probabilities", self.source_probabilities, rows=self.num_samples)
            if float(self.source_probabilities.min()) < 0:
                raise ValueError("source_probabilities must not be negative: give probabilities, not logits")
        if (self.source_features is None) != (self.source_labels is None):
            raise ValueError("source_features and source_labels come together")
        if self.source_features is not None and self.source_labels is not None:
            _require_matrix("source_features", self.source_features, columns=self.num_features)
            if self.source_labels.shape != self.source_features.shape[:1]:
                raise ValueError("source_labels must have one label for each row of source_features")
            _require_integers("source_labels", self.source_labels)

    @property
    def num_samples(self) -> int:
        """N."""
        return self.features.shape[0]

    @property
    def num_features(self) -> int:
        """D."""
        return self.features.shape[1]

    @property
    def num_classes(self) -> int:
        """C: the classes that occur, whatever their numbers."""
        return int(self.counts.shape[0])

    @cached_property
    def _renumbered(self) -> tuple[Tensor, Tensor]:
        _, targets, counts = torch.unique(self.labels, return_inverse=True, return_counts=True)
        return targets, counts

    @property
    def targets(self) -> Tensor:
        """(N,) int64 classes, renumbered to 0 … C - 1."""
        return self._renumbered[0]

    @property
    def counts(self) -> Tensor:
        """(C,) int64 samples of each class."""
        return self._renumbered[1]

    @cached_property
    def moments(self) -> Moments:
        """Moments of :attr:`features`, shared by the scores that decompose them."""
        return Moments(self.features)

    @cached_property
    def order(self) -> tuple[Tensor, int]:
        """The (N,) order of samples by their features, whatever order they came in, and how many are distinct."""
        return canonical_order(self.features)

    @cached_property
    def class_sums(self) -> Tensor:
        """(C, D) float64 sums over each class of the centred features."""
        return self.sum_by_class(self.moments.centred)

    def sum_by_class(self, rows: Tensor) -> Tensor:
        """Return the (C, K) sums over each class of an (N, K) matrix with a row for each sample."""
        return rows.new_zeros(self.num_classes, rows.shape[1]).index_add_(0, self.targets, rows)


@dataclass(frozen=True, eq=False)
class RealInputs:
    """One model's view of one dataset whose targets are real numbers.

    Attributes:
        features: (N, D) features of N samples, any floating type and device.
        targets: (N, K) real targets; one of them is a matrix of one column.

    Raises:
        ValueError: if shapes do not fit together.
        UndefinedScore: if a value is NaN, infinite or larger than float32 can hold.
    """

    features: Tensor
    targets: Tensor

    def __post_init__(self) -> None:
        features, targets = self.features, self.targets
        if features.ndim != 2 or targets.ndim != 2 or len(targets) != len(features) or not targets.numel():
            raise ValueError(
                f"features must be (N, D) and targets (N, K) (got {tuple(features.shape)} and {tuple(targets.shape)})"
            )
        for name, values in (("features", features), ("targets", targets)):
            low, high = _require_finite(name, values)
            if max(-low, high) > _LARGEST:
                raise UndefinedScore(f"{name} are larger than float32 can hold")

    @cached_property
    def moments(self) -> Moments:
        """Moments of :attr:`features`, shared by the scores that decompose them."""
        return Moments(self.features)

    @cached_property
    def directions(self) -> Tensor:
        """(N, K) float64 orthonormal basis of the centred targets.

        Raises:
            UndefinedScore: if a target is the same for all samples, or follows from the others.
        """
        columns = self.targets.double()
        centred = columns - columns.mean(dim=0)
        basis, triangle = torch.linalg.qr(centred)
        if bool((triangle.diagonal().abs() <= _SAME * torch.linalg.vector_norm(columns, dim=0)).any()):
            raise UndefinedScore("a target is the same for all samples, or follows from the others")
        return basis


def _require_integers(name: str, labels: Tensor) -> None:
    if labels.is_floating_point() or labels.is_complex():
        raise ValueError(f"{name} must be integers (got {labels.dtype})")


def _require_finite(name: str, values: Tensor) -> tuple[float, float]:
    """Return the extremes of the values, which NaN passes through."""
    if not values.numel():
        raise UndefinedScore(f"{name} hold no values")
    low, high = map(float, values.aminmax())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise UndefinedScore(f"{name} hold NaN or infinite values")
    return low, high


def _require_matrix(name: str, values: Tensor, *, rows: int | None = None, columns: int | None = None) -> None:
    if values.ndim != 2 or rows not in (None, values.shape[0]) or columns not in (None, values.shape[1]):
        wanted = f"({rows or 'any'}, {columns or 'any'})"
        raise ValueError(f"{name} must be a matrix {wanted} (got {tuple(values.shape)})")
    _require_finite(name, values)
