"""PACTran: PAC-Bayesian upper bounds on the loss after transfer, with a Dirichlet, Gamma or Gaussian prior."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.numerics.softmax_regression import fit_softmax
from zoograph.graphs.scores.spec import PROBABILITIES, score
from zoograph.graphs.scores.undefined import UndefinedScore

_FLOOR = 1e-10  # the authors' pseudo-count, of a prior and of a probability
_ITERATIONS = 10


@score("PACTran-Dirichlet", "Ding et al., PACTran, ECCV 2022", needs=PROBABILITIES)
def pactran_dirichlet(inputs: ScoreInputs, *, concentration: float = 1.0) -> float:
    """Return minus the PACTran-Dirichlet bound.

    The target label is drawn given the source class z with probabilities under a Dirichlet prior whose mean are the
    class frequencies: Ding et al., "PACTran: PAC-Bayesian Metrics for Estimating the Transferability of Pretrained
    Models to Classification Tasks", ECCV 2022, by ten steps of variational inference and per entry of the N x C one-hot
    labels, as in the authors' code. The paper's bound is lower when transfer is better: this is its negative.

    Args:
        source_probabilities: (N, S) probabilities of the source classes.
        labels: (N,) integer classes of the target.
        concentration: sum of the prior's parameters, positive.

    Returns:
        Nats per entry of the one-hot labels, higher is better.

    Raises:
        ValueError: if a shape, a probability or the concentration is wrong.
    """
    posterior = _infer(inputs, concentration, normalized=True)
    prior, weights = posterior.prior, posterior.weights
    divergence = weights.shape[1] * (prior.sum().lgamma() - prior.lgamma().sum())
    divergence = divergence - weights.sum(dim=0).lgamma().sum() + weights.lgamma().sum()
    return float(divergence - posterior.gain) / (inputs.num_samples * inputs.num_classes)


@score("PACTran-Gamma", "Ding et al., PACTran, ECCV 2022", needs=PROBABILITIES)
def pactran_gamma(inputs: ScoreInputs, *, concentration: float = 1.0) -> float:
    """Return minus the PACTran-Gamma bound: :func:`pactran_dirichlet` with Gamma priors (rate 1) in its place.

    Args:
        source_probabilities: (N, S) probabilities of the source classes.
        labels: (N,) integer classes of the target.
        concentration: sum over classes of the prior's shapes, positive.

    Returns:
        Nats per entry of the one-hot labels, higher is better.

    Raises:
        ValueError: if a shape, a probability or the concentration is wrong.
        UndefinedScore: if all source probabilities of a sample are zero.
    """
    posterior = _infer(inputs, concentration, normalized=False)
    prior, weights = posterior.prior, posterior.weights
    rates = posterior.probabilities @ weights.sum(dim=0)
    if not bool((rates > 0).all()):
        raise UndefinedScore("all source probabilities of a sample are zero")
    divergence = weights.shape[1] * prior.lgamma().sum() - weights.lgamma().sum()
    bound = divergence + posterior.gain + rates.log().sum() - inputs.num_samples
    return -float(bound) / (inputs.num_samples * inputs.num_classes) - 1


@score(
    "PACTran-Gauss",
    "Ding et al., PACTran: PAC-Bayesian Metrics for Estimating the Transferability of Pretrained Models to "
    "Classification Tasks, ECCV 2022",
)
def pactran_gauss(inputs: ScoreInputs, *, temperature: float = 1.0, variance_factor: float = 100.0) -> float:
    r"""Return minus the PACTran-Gauss bound.

    The minimum over a softmax regression on centred features of the mean cross-entropy plus
    :math:`|W|^2 / (2 \lambda N)`, plus :math:`\frac{C f}{2 \lambda N} \log(\lambda N h)` where h is the mean curvature
    of a weight at the minimum (summed over samples, biases included) and f / D the prior's variance: Ding et al.,
    ECCV 2022, as in the authors' code, whose search stops after a hundred steps, within 1e-3 of this.

    Args:
        features: (N, D) features.
        labels: (N,) integer classes.
        temperature: lambda, positive.
        variance_factor: f, positive; the authors use 100 lambda and 10 lambda.

    Returns:
        Nats per sample, higher is better; it depends on the scale of the features.

    Raises:
        ValueError: if a shape, the temperature or the factor is wrong.
        UndefinedScore: if the regression does not converge.
    """
    if not (temperature > 0 and variance_factor > 0):
        raise ValueError(
            f"'temperature' and 'variance_factor' need to be positive (got {temperature} and {variance_factor})."
        )
    moments = inputs.moments
    rows, spread = moments.coordinates, moments.principal.values  # a rotation, after which the fit takes half as long
    # Features of unit size keep the fit in range: weights grow as features shrink, and the ridge with their square.
    unit = math.sqrt(moments.total / inputs.num_samples) or 1.0
    fit = fit_softmax(rows / unit, inputs.targets, spread / unit**2, 1 / (temperature * unit**2))
    curvatures = (fit.probabilities * (1 - fit.probabilities)).sum(dim=1)
    num_weights, strength = inputs.num_features * inputs.num_classes, temperature * inputs.num_samples
    curvature = float((curvatures * (1 + rows.square().sum(dim=1))).sum()) + num_weights / strength
    trace = inputs.num_classes * variance_factor / (2 * strength) * math.log(strength * curvature / num_weights)
    return -(fit.objective / inputs.num_samples + trace)


class _Posterior(NamedTuple):
    """What variational inference ends with.

    Attributes:
        prior: (C, 1) parameters of the prior.
        weights: (C, S) parameters of the posterior.
        gain: sum over samples of the relative entropy of q(z) against the source probabilities, not normalised.
        probabilities: (N, S) float64 source probabilities, ordered by class.
    """

    prior: Tensor
    weights: Tensor
    gain: Tensor
    probabilities: Tensor


def _infer(inputs: ScoreInputs, concentration: float, *, normalized: bool) -> _Posterior:
    """Alternate between q(z) of each sample and the parameters of each pair of classes.

    A sample's q(z) is its probabilities times factors that its class shares, so that an (N, C, S) table is never
    formed: each step is two products of a class's probabilities with a vector.
    """
    if not concentration > 0:
        raise ValueError(f"'concentration' needs to be positive (got {concentration}).")
    assert inputs.source_probabilities is not None
    ordered = inputs.source_probabilities[inputs.targets.argsort()].double()
    classes = ordered.split(inputs.counts.tolist())
    prior = concentration * inputs.counts.double()[:, None] / inputs.num_samples + _FLOOR
    expected = torch.stack([rows.sum(dim=0) for rows in classes])
    for _ in range(_ITERATIONS):
        weights = prior + expected
        factors = weights.digamma() - (weights.sum(dim=0).digamma() if normalized else 0.0)
        # The largest factor of a class cancels in q(z): without it the exponential cannot vanish for all z.
        factors = factors - factors.amax(dim=1, keepdim=True)
        scales = factors.exp()
        evidence = [rows @ scale + _FLOOR * scale.sum() for rows, scale in zip(classes, scales, strict=True)]
        expected = scales * torch.stack(
            [rows.T @ (1 / own) + _FLOOR * (1 / own).sum() for rows, own in zip(classes, evidence, strict=True)]
        )
    gain = (expected * factors).sum() - torch.cat(evidence).log().sum()
    return _Posterior(prior, weights, gain, ordered)
