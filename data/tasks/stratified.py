"""Samples and splits that keep the proportions of the classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def stratified_sample(labels: ArrayLike, size: int, seed: int = 0) -> NDArray[np.int64]:
    """Choose ``size`` rows in proportion to the classes, every class at least once while ``size`` lasts.

    A smaller sample of the same seed is part of a larger one.

    Args:
        labels: (N,) integer classes.
        size: rows to choose; all N if it exceeds them.
        seed: of the choice.

    Returns:
        (min(size, N),) row numbers, ascending.
    """
    rank, count, shuffled = _ranks(labels, seed)
    # The first row of each class comes before all others; of the others, those that a class is owed most.
    due = np.where(rank == 0, 0.0, (rank + 0.5) / count)
    return np.sort(shuffled[np.argsort(due, kind="stable")][:size])


def stratified_hold_out(labels: ArrayLike, fraction: float, seed: int = 0) -> NDArray[np.bool_]:
    """Hold out a fraction of each class: of n rows ``round(fraction * n)``, but at least 1 and at most n - 1.

    A class of one row is not held out.

    Args:
        labels: (N,) integer classes.
        fraction: in (0, 1).
        seed: of the choice.

    Returns:
        (N,) True where a row is held out.

    Raises:
        ValueError: if ``fraction`` is not in (0, 1).
    """
    if not 0 < fraction < 1:
        raise ValueError(f"'fraction' needs to be between 0 and 1 (got {fraction})")
    rank, count, shuffled = _ranks(labels, seed)
    held = np.empty(len(shuffled), dtype=bool)
    held[shuffled] = rank < np.clip(np.round(fraction * count), 1, count - 1)
    return held


def held_out_rows(labels: ArrayLike, own: ArrayLike | None, fraction: float, seed: int = 0) -> NDArray[np.bool_]:
    """Return the rows to test on: a dataset's own, or else a stratified fraction that is held out by seed.

    Args:
        labels: (N,) integer classes.
        own: (N,) bool, the dataset's own test samples; None if it has none.
        fraction: in (0, 1).
        seed: of the choice.
    """
    return stratified_hold_out(labels, fraction, seed) if own is None else np.asarray(own, dtype=bool)


def validation_rows(labels: ArrayLike, given: ArrayLike | None, fraction: float, seed: int = 0) -> NDArray[np.bool_]:
    """Return the training images to choose by: those given, if every class has others; else a stratified fraction.

    Args:
        labels: (N,) integer classes of the training images.
        given: (N,) bool, those that the authors of the dataset set aside; None if they did not.
        fraction: in (0, 1).
        seed: of the choice.

    Returns:
        (N,) True where an image is chosen by.
    """
    if given is not None:
        held, classes = np.asarray(given, dtype=bool), np.asarray(labels)
        if held.any() and len(np.unique(classes[~held])) == len(np.unique(classes)):
            return held
    return stratified_hold_out(labels, fraction, seed)


def _ranks(labels: ArrayLike, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return shuffled row numbers, and beside each its place within its class and the size of the class."""
    shuffled = np.random.default_rng(seed).permutation(len(np.asarray(labels)))
    _, classes, counts = np.unique(np.asarray(labels)[shuffled], return_inverse=True, return_counts=True)
    by_class = np.argsort(classes, kind="stable")
    rank = np.empty(len(shuffled), dtype=np.int64)
    rank[by_class] = np.arange(len(shuffled)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rank, counts[classes], shuffled
