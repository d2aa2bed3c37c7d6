"""Logistic: cross-validated accuracy of logistic regression on the frozen features."""

from __future__ import annotations

import torch
from torch import Tensor

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.spec import score
from zoograph.graphs.scores.undefined import UndefinedScore

_RESOLUTION = 1e-12  # a deviation smaller than this part of the mean is rounding
_MOST_STEPS, _TOLERANCE = 100, 1e-4  # far beyond where the accuracy settles


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
    order, _ = inputs.order
    fold_of = torch.empty_like(inputs.targets)
    fold_of[order] = _deal(inputs.targets[order], folds)
    held_out = [fold_of == fold for fold in range(folds)]
    return sum(_count_correct(inputs, held, strength) for held in held_out if bool(held.any())) / inputs.num_samples


def _deal(targets: Tensor, folds: int) -> Tensor:
    """Return the (N,) folds: samples of a class, in their order, get 0, 1, ..., folds - 1, 0, 1, ..."""
    by_class = targets.argsort(stable=True)
    starts = torch.searchsorted(targets[by_class], targets[by_class])
    fold_of = torch.empty_like(targets)
    fold_of[by_class] = (torch.arange(len(targets), device=targets.device) - starts) % folds
    return fold_of


def _count_correct(inputs: ScoreInputs, held_out: Tensor, strength: float) -> int:
    """Return how many held-out samples a classifier fitted to the others gets right."""
    centred = inputs.moments.centred
    train, test = _standardise(centred[~held_out], centred[held_out], inputs.moments.mean)
    classes, targets = torch.unique(inputs.targets[~held_out], return_inverse=True)
    weights = _fit(train, targets, len(classes), strength)
    predicted = torch.addmm(weights[-1], test, weights[:-1]).argmax(dim=1)
    return int((classes[predicted] == inputs.targets[held_out]).sum())


def _standardise(train: Tensor, test: Tensor, origin: Tensor) -> tuple[Tensor, Tensor]:
    """Return both in float32, less the mean and by the standard deviation of the first; constant features become 0.

    Both are overwritten. They are differences from ``origin``, beside which a deviation may be lost in rounding.
    """
    mean = train.mean(dim=0)
    deviation = train.sub_(mean).square().mean(dim=0).sqrt()
    scale = torch.where(deviation > _RESOLUTION * (origin + mean).abs(), 1 / deviation, 0.0)
    return train.mul_(scale).float(), test.sub_(mean).mul_(scale).float()


def _fit(rows: Tensor, targets: Tensor, num_classes: int, strength: float) -> Tensor:
    """Return the (D + 1, C) weights of the regression, the bias last: L-BFGS as scikit-learn stops it."""
    wanted = torch.nn.functional.one_hot(targets, num_classes).float()
    decay = strength / len(rows)
    weights = rows.new_zeros(rows.shape[1] + 1, num_classes, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weights], max_iter=_MOST_STEPS, tolerance_grad=_TOLERANCE, tolerance_change=0.0, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        known = weights.detach()
        log_chances = torch.addmm(known[-1], rows, known[:-1]).log_softmax(dim=1)
        loss = decay / 2 * known[:-1].square().sum() - (log_chances * wanted).sum() / len(rows)
        slope = log_chances.exp_().sub_(wanted).div_(len(rows))
        weights.grad = torch.cat([rows.T @ slope + decay * known[:-1], slope.sum(dim=0, keepdim=True)])
        return loss

    optimizer.step(closure)
    return weights.detach()
