r"""What is believed of the accuracies of k models on one dataset, and how a measurement moves it.

Beliefs are joint Gaussians: a measurement of one model tells of those that it has much in common with, in closed form
(Rasmussen and Williams, 2006, eq. 2.19, for a single observation).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from zoograph.models.method import INTERVAL_SIGMAS
from zoograph.training.predictors.joint import JointPrediction

_LEAST_NOISE = 1e-6  # squared accuracy: a tenth of a point


@dataclass(frozen=True)
class Belief:
    """Joint Gaussian of k true accuracies.

    Attributes:
        mean: (k,) expected accuracy in [0, 1].
        covariance: (k, k) of the true accuracies.
        noise: (k,) variance of one measurement about the true accuracy.
    """

    mean: Tensor
    covariance: Tensor
    noise: Tensor

    @classmethod
    def of(cls, joint: JointPrediction) -> Belief:
        """Return the belief that a joint prediction is: the mean over its members, and their spread."""
        centres, within = joint.centres.double(), joint.covariances.double().mean(0)
        mean = centres.mean(0)
        about = centres - mean
        covariance = within + about.t() @ about / len(centres)
        one_run = ((joint.upper - joint.lower).double() / (2 * INTERVAL_SIGMAS)).square()
        return cls(mean, covariance, (one_run - covariance.diagonal()).clamp(min=_LEAST_NOISE))

    def updated(self, model: int, measured: float) -> Belief:
        """Return what is believed once ``model`` was measured."""
        gain = self.covariance[:, model] / (self.covariance[model, model] + self.noise[model])
        mean = self.mean + gain * (measured - self.mean[model])
        return Belief(mean, self.covariance - torch.outer(gain, self.covariance[model]), self.noise)
