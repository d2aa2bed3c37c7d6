"""Joint prediction of several models: means and covariances of their accuracies, which a ranking needs."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class JointPrediction(NamedTuple):
    """Accuracies of k models, each its mean over t datasets, from every record: those of the asked pairs included.

    Attributes:
        mean: (k,) expected accuracy in [0, 1].
        lower: (k,) lower end of the 90 % interval of one more measurement; ``upper`` likewise.
        centres: (K, k) true accuracies that each of K members expects.
        covariances: (K, c, c) of the true accuracies of ``contenders`` about ``centres``; without the noise of
            measuring.
        ranked: (t,) bool, False for a dataset whose measured accuracies are nearly all one value: it ranks nobody.
        contenders: (c,) places of the models that may well be the best; None for all.
    """

    mean: Tensor
    lower: Tensor
    upper: Tensor
    centres: Tensor
    covariances: Tensor
    ranked: Tensor
    contenders: Tensor | None = None
