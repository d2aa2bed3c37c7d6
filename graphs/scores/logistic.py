"""Logistic: cross-validated accuracy of logistic regression on the frozen features."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.numerics.order import canonical_order
from zoograph.graphs.scores.spec import score
from zoograph.graphs.scores.undefined import UndefinedScore


@score(
    "logistic regression",
    "Bolya et al., Scalable Diverse Model Selection for Accessible Transfer Learning, NeurIPS 2021",
)
def logistic(inputs: ScoreInputs, *, folds: int = 5, strength: float = 1.0) -> float:
    """Return the cross-validated accuracy of L2-regularised multinomial logistic regression.

    The linear probe, a baseline of every comparison of scores. Features are standardised with the statistics of the
    training folds. The samples of a class are dealt to the folds in turn, in an order that depends on their features
    alone, so that the value does not depend on the order of samples.

    Args:
        features: (N, D) features.
        labels: (N,) integer classes.
        folds: parts of the data, each of which is predicted from the others.
        strength: weight of the squared norm of the coefficients against the summed loss, as 1 / C of scikit-learn.

    Returns:
        Accuracy over all samples in [0, 1], higher is better.

    Raises:
        ValueError: if shapes do not fit together, or an option has no such value.
        UndefinedScore: if fewer than two classes have two samples, so that a training part may have one class.
    """
    if folds < 2:
        raise ValueError(f"folds must be at least 2 (got {folds})")
    if not strength > 0:
        raise ValueError(f"strength must be positive (got {strength})")
    if int((inputs.counts >= 2).sum()) < 2:
        raise UndefinedScore("fewer than two classes have two samples")
    order, _ = canonical_order(inputs.features)
    features = inputs.features[order].double().cpu().numpy()
    targets = inputs.targets[order].cpu().numpy()
    fold_of = _deal(targets, folds)
    correct = 0
    for fold in range(folds):
        held_out = fold_of == fold
        if held_out.any():
            correct += _count_correct(features, targets, held_out, strength)
    return correct / inputs.num_samples


def _deal(targets: np.ndarray, folds: int) -> np.ndarray:
    """Return the (N,) folds: samples of a class, in their order, get 0, 1, ..., folds - 1, 0, 1, ..."""
    by_class = np.argsort(targets, kind="stable")
    starts = np.searchsorted(targets[by_class], targets[by_class])
    fold_of = np.empty_like(targets)
    fold_of[by_class] = (np.arange(len(targets)) - starts) % folds
    return fold_of


def _count_correct(features: np.ndarray, targets: np.ndarray, held_out: np.ndarray, strength: float) -> int:
    """Return how many held-out samples a classifier fitted to the others gets right."""
    scaler = StandardScaler().fit(features[~held_out])
    classifier = LogisticRegression(C=1 / strength)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 100 steps are far beyond where the accuracy settles
        classifier.fit(scaler.transform(features[~held_out]), targets[~held_out])
    predicted = classifier.predict(scaler.transform(features[held_out]))
    return int((predicted == targets[held_out]).sum())
