"""GBC: how much the Gaussians of the classes overlap in feature space."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.spec import score

Covariance = Literal["spherical", "scalar", "diagonal", "full"]

VARIANCE_FLOOR = 1e-4


@score("GBC", "Pandy et al., Transferability Estimation using Bhattacharyya Class Separability, CVPR 2022")
def gbc(
    inputs: ScoreInputs,
    *,
    covariance: Covariance = "spherical",
    num_components: int | None = None,
    log: bool = False,
) -> float:
    r"""Return the Gaussian Bhattacharyya coefficient.

    Pandy, Agostinelli, Uijlings, Ferrari, Mensink: "Transferability Estimation using Bhattacharyya Class
    Separability", CVPR 2022: with one Gaussian a class,

    .. math::
        D_{ij} = \tfrac18 (\mu_i - \mu_j)^T \Sigma^{-1} (\mu_i - \mu_j)
               + \tfrac12 \log \frac{|\Sigma|}{\sqrt{|\Sigma_i| |\Sigma_j|}}, \quad
        \Sigma = \tfrac12 (\Sigma_i + \Sigma_j), \qquad
        \mathrm{GBC} = - \sum_{i \ne j} e^{-D_{ij}}

    over ordered pairs. Variances divide by the samples of the class and are at least 1e-4, as in the authors' code.

    In many dimensions well separated classes have coefficients below the smallest float64, and GBC is 0, the best
    value there is: right, but it no longer ranks such models. ``log=True`` does: it is the negative logarithm of the
    sum, summed in the log domain, which orders models as GBC does.

    Args:
        features: (N, D) features.
        labels: (N,) integer classes.
        covariance: "spherical", one variance a class, the authors' default; "scalar", the same with the logarithm of
            the variance counted once and not D times, as the authors' code has it and their paper does not;
            "diagonal"; "full", which holds C (D, D) matrices and wants ``num_components`` if D is large.
        num_components: principal components to project on first, if any; 64 is usual.
        log: return minus the logarithm of the summed coefficients.

    Returns:
        GBC in [-C (C - 1), 0], higher is better; with ``log``, nats in [-log(C (C - 1)), inf), higher is better.

    Raises:
        ValueError: if shapes do not fit together or an option has no such value.
        UndefinedScore: if there is one class.
    """
    if covariance not in get_args(Covariance):
        raise ValueError(f"covariance must be one of {', '.join(get_args(Covariance))} (got '{covariance}')")
    features = inputs.features if num_components is None else _project(inputs.moments.centred, num_components)
    means, spreads = _fit(features, inputs, _covariance if covariance == "full" else _variances)
    if covariance == "full":
        overlaps = _full(means, spreads)
    elif covariance == "diagonal":
        overlaps = _diagonal(means, spreads)
    else:
        dimensions = features.shape[1] if covariance == "spherical" else 1
        overlaps = _spherical(means, spreads.mean(dim=1), dimensions)
    total = float(overlaps.logsumexp(dim=0)) + math.log(2)  # each pair in both orders
    return -total if log else 0.0 - math.exp(total)


def _project(features: Tensor, num_components: int) -> Tensor:
    """Return the centred (N, D) features on their leading principal axes."""
    if not 1 <= num_components <= min(features.shape):
        raise ValueError(f"num_components must be in 1 ... {min(features.shape)} (got {num_components})")
    _, _, axes = torch.linalg.svd(features, full_matrices=False)
    return features @ axes[:num_components].T


def _fit(features: Tensor, inputs: ScoreInputs, spread_of: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """Return the (C, D) means of the classes and the stacked spreads of their centred rows."""
    means, spreads = [], []
    for members in inputs.targets.argsort().split(inputs.counts.tolist()):
        rows = features[members].double()
        means.append(rows.mean(dim=0))
        spreads.append(spread_of(rows.sub_(means[-1])))
    return torch.stack(means), torch.stack(spreads)


def _variances(residuals: Tensor) -> Tensor:
    """Return the (D,) variances of centred rows, none below the floor."""
    return residuals.square().mean(dim=0).clamp_min(VARIANCE_FLOOR)


def _covariance(residuals: Tensor) -> Tensor:
    """Return the (D, D) covariance of centred rows with no eigenvalue below the floor."""
    values, vectors = torch.linalg.eigh(residuals.T @ residuals / len(residuals))
    return (vectors * values.clamp_min(VARIANCE_FLOOR)) @ vectors.T


def _spherical(means: Tensor, variances: Tensor, dimensions: int) -> Tensor:
    """Return the log coefficients of all pairs i < j of (C, D) means and (C,) variances."""
    i, j = torch.triu_indices(len(means), len(means), offset=1, device=means.device)
    logs = variances.log()
    average = (variances[i] + variances[j]) / 2
    distances = torch.nn.functional.pdist(means).square() / average / 8
    return -(distances + dimensions / 2 * (average.log() - (logs[i] + logs[j]) / 2))


def _diagonal(means: Tensor, variances: Tensor) -> Tensor:
    """Return the log coefficients of all pairs i < j of (C, D) means and variances, one i at a time."""
    logs = variances.log().sum(dim=1)
    rows = []
    for i in range(len(means) - 1):
        average = (variances[i + 1 :] + variances[i]) / 2
        distances = ((means[i + 1 :] - means[i]).square() / average).sum(dim=1) / 8
        rows.append(-(distances + average.log().sum(dim=1) / 2 - (logs[i + 1 :] + logs[i]) / 4))
    return torch.cat(rows)


def _full(means: Tensor, covariances: Tensor) -> Tensor:
    """Return the log coefficients of all pairs i < j of (C, D) means and (C, D, D) covariances, one i at a time."""
    logs = torch.linalg.slogdet(covariances).logabsdet
    rows = []
    for i in range(len(means) - 1):
        factor = torch.linalg.cholesky((covariances[i + 1 :] + covariances[i]) / 2)
        shift = torch.linalg.solve_triangular(factor, (means[i + 1 :] - means[i])[..., None], upper=False)
        half_logdet = factor.diagonal(dim1=1, dim2=2).log().sum(dim=1)
        rows.append(-(shift.square().sum(dim=(1, 2)) / 8 + half_logdet - (logs[i + 1 :] + logs[i]) / 4))
    return torch.cat(rows)
