"""TransRate: the coding rate of the features less that of the features of a class."""

from __future__ import annotations

import torch
from torch import Tensor

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.numerics.moments import self_product
from zoograph.graphs.scores.spec import score


@score("TransRate", "Huang et al., Frustratingly Easy Transferability Estimation, ICML 2022")
def transrate(inputs: ScoreInputs, *, distortion: float = 1e-4) -> float:
    r"""Return TransRate.

    With :math:`R(Z) = \frac{1}{2} \log\det(I + Z' Z / (N_Z \epsilon))` it is :math:`R(Z)` of the centred features less
    the mean over classes of :math:`R(Z_c)`, where each class keeps the common centre: Huang et al., "Frustratingly Easy
    Transferability Estimation", ICML 2022. Every class counts alike, as in the authors' code, however few samples it
    has.

    Args:
        features: (N, D) features.
        labels: (N,) integer classes.
        distortion: epsilon, in squared units of a feature, positive.

    Returns:
        A rate in nats, higher is better; it can have either sign and depends on the scale of the features.

    Raises:
        ValueError: if the distortion is not positive.
    """
    if not distortion > 0:
        raise ValueError(f"'distortion' needs to be positive (got {distortion}).")
    moments = inputs.moments
    classes = moments.centred[inputs.targets.argsort()].split(inputs.counts.tolist())
    rates = [
        _rate(self_product(rows.T if rows.shape[0] < rows.shape[1] else rows), rows, distortion) for rows in classes
    ]
    return _rate(moments.scatter, moments.centred, distortion) - sum(rates) / inputs.num_classes


def _rate(product: Tensor, rows: Tensor, distortion: float) -> float:
    """Return the coding rate of rows, given the smaller of their products with themselves."""
    scaled = product / (rows.shape[0] * distortion)
    regular = scaled.clone()
    regular.diagonal().add_(1.0)
    factor, failed = torch.linalg.cholesky_ex(regular)
    if int(failed):  # the features' scales differ so much that rounding exceeds the identity
        return float(torch.linalg.eigvalsh(scaled).clamp(min=0).log1p().sum()) / 2
    return float(factor.diagonal().log().sum())
