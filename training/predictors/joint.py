"""Joint prediction of several models: draws of all their accuracies at once, which a ranking needs."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from zoograph.models.gp.inference import safe_cholesky

NUM_DRAWS = 4000


class JointPrediction(NamedTuple):
    """Accuracies of k models, each its mean over t datasets, from every record: those of the asked pairs included.

    Attributes:
        mean: (k,) expected accuracy in [0, 1].
        lower: (k,) lower end of the 90 % interval of one more measurement; ``upper`` likewise.
        draws: (S, c) true accuracies of the ``contenders``, as they may all be at once; without the noise of measuring.
        noise: (k,) variance of one measurement about the true accuracy.
        ranked: (t,) bool, False for a dataset whose measured accuracies are nearly all one value: it ranks nobody.
        contenders: (c,) places of the models that may well be the best; None for all.
    """

    mean: Tensor
    lower: Tensor
    upper: Tensor
    draws: Tensor
    noise: Tensor
    ranked: Tensor
    contenders: Tensor | None = None

    @property
    def covariance(self) -> Tensor:
        """(c, c) of the true accuracies of the contenders."""
        about = self.draws - self.draws.mean(0)
        return about.t() @ about / len(about)


def draw_normal(mean: Tensor, covariance: Tensor, num_draws: int = NUM_DRAWS, seed: int = 0) -> Tensor:
    """Return (num_draws, n) seeded draws of n joint Gaussians, each deviation with both signs.

    Args:
        mean: (n,).
        covariance: (n, n).
        num_draws: an even number.
        seed: of the draws.
    """
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(num_draws // 2, len(mean), generator=generator, dtype=mean.dtype)
    deviation = noise @ safe_cholesky(covariance).t()
    return torch.cat([mean + deviation, mean - deviation])


def centred(draws: Tensor, mean: Tensor) -> Tensor:
    """Return (S, n) draws moved so that their mean is exactly ``mean`` (n,): they order models as it does."""
    return draws + (mean - draws.mean(0))
