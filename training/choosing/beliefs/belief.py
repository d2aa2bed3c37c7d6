r"""What is believed of the accuracies of k models on one dataset, and how a measurement moves it.

A measurement of one model tells of those that it has much in common with, in closed form. How far models may be from
what is expected of them differs from dataset to dataset, by more than the predictor can know: so a belief is a
Student-t process, whose scale is learned from how far off measurements were (Shah, Wilson and Ghahramani, 2014,
"Student-t Processes as Alternatives to Gaussian Processes", lemma 3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from zoograph.models.method import INTERVAL_SIGMAS
from zoograph.training.answers.expected_regret import chance_of_best
from zoograph.training.predictors.joint import NUM_DRAWS, JointPrediction, draw_normal

SEED_DEVIATION = 0.005
"""Standard deviation of accuracies on one test set by models that differ in the seed of their training alone."""

LEAST = 3
"""Models that are measured before one stops at what is believed, as the first word of a new dataset may be off."""

_LEAST = 1e-6
_SHARE_OF_OWN = 0.5  # of what a finite test set does to accuracies, half is the same for all models: hard images


@dataclass(frozen=True)
class Belief:
    """Joint distribution of k accuracies on the dataset's test images.

    Attributes:
        mean: (k,) expected accuracy in [0, 1].
        covariance: (k, k) of these accuracies.
        noise: (k,) variance of one measurement about the accuracy that is sought, of the seed.
        weight: differences between models that the scale of ``covariance`` counts for, against those measured.
    """

    mean: Tensor
    covariance: Tensor
    noise: Tensor
    weight: float = 4.0

    @classmethod
    def of(cls, joint: JointPrediction, test_size: float) -> Belief:
        """Return the belief that a joint prediction is, of its contenders.

        What is sought is the best accuracy on the test images that there are: these add to the covariances, and to no
        measurement's noise. What intervals of single runs allow for beside both is a level that all models share: it
        moves no difference between two of them, and keeps a dataset that is harder than expected from looking like a
        model that is worse than expected.

        Args:
            joint: of k models or more.
            test_size: images that a measurement is tested on.
        """
        chosen = torch.arange(len(joint.mean)) if joint.contenders is None else joint.contenders
        mean, covariance = joint.mean.double()[chosen], joint.covariance.double()
        covariance = covariance + torch.diag(_SHARE_OF_OWN * binomial_noise(mean, test_size))
        noise = torch.full_like(mean, SEED_DEVIATION**2)
        one_run = ((joint.upper - joint.lower).double()[chosen] / (2 * INTERVAL_SIGMAS)).square()
        level = (one_run - noise - covariance.diagonal()).median().clamp(min=0)
        return cls(mean, covariance + level, noise)

    def given(self, models: Tensor, values: Tensor, noise: Tensor) -> Belief:
        r"""Return what is believed once several measurements are known.

        With residuals :math:`r` of n measurements, whose covariance is :math:`C`, and weight :math:`w`, covariances are

        .. math:: \max\left(1, \frac{w + \beta}{w + n - 1}\right) \Sigma', \quad
            \beta = r^\top C^{-1} r - \frac{(1^\top C^{-1} r)^2}{1^\top C^{-1} 1},

        where :math:`\Sigma'` is that of a Gaussian process. A level that all residuals share is no surprise, and that a
        few models are as expected does not mean that all are: covariances only widen.

        Args:
            models: (n,) places; one that was measured at several levels is there as often.
            values: (n,) that were measured.
            noise: (n, n) covariance of the measurements about the accuracies that are sought.
        """
        across, residual = self.covariance[models], values.to(self.mean) - self.mean[models]
        columns = torch.cat([across, residual[:, None], torch.ones_like(residual)[:, None]], 1)
        solved = torch.linalg.solve(across[:, models] + noise, columns)
        gain, weighed, level = solved[:, :-2].t(), solved[:, -2], solved[:, -1]
        covariance = self.covariance - gain @ across
        surprise = residual @ weighed - weighed.sum().square() / level.sum()
        weight = self.weight + len(models) - 1
        scale = ((self.weight + surprise) / weight).clamp(min=1)
        covariance = scale * (covariance + covariance.t()) / 2
        return replace(self, mean=self.mean + gain @ residual, covariance=covariance, weight=weight)

    def regrets(self, num_draws: int = NUM_DRAWS) -> tuple[Tensor, Tensor]:
        """Return (k,) the probability of each model to be the best, and (k,) what picking it is expected to lose."""
        return chance_of_best(draw_normal(self.mean, self.covariance, num_draws))

    def own(self) -> Tensor:
        """Return (k,) the variance of each model that is left once the mean of all is known.

        Models may be known unequally well: the part in the mean is each one's own, not the same for all.
        """
        with_mean = self.covariance.mean(1)
        own = self.covariance.diagonal() - with_mean.square() / self.covariance.mean().clamp(min=_LEAST)
        return own.clamp(min=_LEAST)


def binomial_noise(mean: Tensor, test_size: float) -> Tensor:
    """Return (k,) the binomial variance of accuracies on so many images that were drawn for the test."""
    known = mean.clamp(0.02, 0.98)  # nobody is sure to err nowhere
    return known * (1 - known) / test_size
