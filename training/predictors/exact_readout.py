"""What exact Gaussian processes say beyond one accuracy: joint expectations, similarities, and effects of records."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from zoograph.models.conformal import situation
from zoograph.models.gp.covariances import Covariances
from zoograph.models.method import INTERVAL_SIGMAS
from zoograph.training.predictors.conditioned import Conditioned
from zoograph.training.predictors.joint import JointPrediction


def predict_jointly(
    conditioned: Conditioned, widths: Sequence[float], models: Tensor, datasets: Tensor
) -> JointPrediction:
    """Return what is expected of ``models`` (k,) on the mean over ``datasets`` (t,).

    Every deviation from the mean is stretched by the conformal width of its pair over that of a Gaussian, so that the
    covariances are as wide as the intervals are; how deviations of several models go together is the Gaussian
    processes' own belief. What a new dataset adds to all models alike cancels between them and is left out, and a
    dataset whose records rank nobody adds independent noise.

    Args:
        conditioned: on every record.
        widths: half-width of the interval in standard deviations, by situation.
        models: nodes.
        datasets: nodes.
    """
    k, t = len(models), len(datasets)
    pairs = torch.cartesian_prod(models, datasets).t()
    mean, variance = conditioned.predict(pairs)
    width = torch.tensor(widths, dtype=mean.dtype)[situation(conditioned.graph, pairs)]
    bounds = (mean, mean - width * variance.sqrt(), mean + width * variance.sqrt())

    scale = conditioned.records.scale
    ranked = scale.informative[pairs[1]]
    stretch = torch.where(width.isfinite(), width / INTERVAL_SIGMAS, 1.0)
    share = stretch * scale.spread[pairs[1]] / t
    weights = torch.where(ranked, share, 0.0).reshape(k, t)
    unranked = torch.where(ranked, 0.0, share).square().reshape(k, t).sum(1)
    joints = [posterior.joint_sums(models, datasets, weights) for posterior in conditioned.posteriors]
    centres = torch.stack([centre for centre, _ in joints])
    centres = mean.reshape(k, t).mean(1) + centres - centres.mean(0)
    mean, lower, upper = (bound.clamp(0, 1).reshape(k, t).mean(1) for bound in bounds)
    return JointPrediction(
        mean,
        lower,
        upper,
        centres,
        torch.stack([covariance + torch.diag(unranked) for _, covariance in joints]),
        scale.informative[datasets],
    )


def similarities(conditioned: Conditioned, model: int, datasets: Tensor) -> tuple[Tensor, Tensor]:
    """Return how like ``model`` each model is (M,), and how like ``datasets`` (t,) each dataset (D,); in [0, 1].

    Prior correlations of accuracies, means over the members and over ``datasets``.
    """
    priors = [posterior.covariances for posterior in conditioned.posteriors]
    akin = torch.stack([_correlation(prior.effect) for prior in priors]).mean(0)[model]
    alike = torch.stack([dataset_similarity(prior) for prior in priors]).mean(0)[datasets].mean(0)
    return akin, alike


def dataset_similarity(prior: Covariances) -> Tensor:
    """Return (D, D) prior correlations, in [0, 1], of one average model's accuracies on two datasets.

    The kernel's level, and its spread times the mean prior variance of a model's effect; scores take no part.
    """
    return _correlation(prior.level + prior.effect.diagonal().mean() * prior.spread)


def record_effects(conditioned: Conditioned, model: int, datasets: Tensor) -> tuple[Tensor, Tensor]:
    r"""Return the records' pairs (2, R), and (R,) points by which each moves the accuracy of ``model``.

    The prediction with all records minus that without record :math:`r`, in closed form (as Rasmussen and Williams,
    2006, eq. 5.12, does for the record itself), mean over the members and over ``datasets``. Scales, noises and what
    was learned stay as they are. With :math:`k` the prior covariances of the asked accuracy with the records,

    .. math:: \Delta_r = \frac{[K^{-1} k]_r \, [K^{-1} y]_r}{[K^{-1}]_{rr}}
    """
    scale = conditioned.records.scale
    pairs = torch.stack([torch.full_like(datasets, model), datasets])
    units = torch.where(scale.informative[datasets], scale.spread[datasets], 0.0) / len(datasets)
    parts = []
    for posterior in conditioned.posteriors:
        cross = units @ posterior.covariances.between(pairs, posterior.pairs)
        solved = torch.cholesky_solve(cross[:, None], posterior.chol)[:, 0]
        parts.append(solved * posterior.alpha / posterior.inverse.diagonal())
    return conditioned.records.pairs, 100 * torch.stack(parts).mean(0)


def _correlation(covariance: Tensor) -> Tensor:
    deviation = covariance.diagonal().sqrt()
    return (covariance / deviation[:, None] / deviation[None]).clamp(0, 1)
