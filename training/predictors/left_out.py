"""A block of records as it is predicted from the others."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class LeftOut(NamedTuple):
    """k records of one block, predicted as if they, and the rest of the block, had never been measured.

    Of a dataset with few records, these few are all of the block that is known.

    Attributes:
        situation: what was new of them, a place in :data:`zoograph.models.conformal.SITUATIONS`.
        logit: (k,) as measured.
        mean: (k,) predicted.
        covariance: (k, k) of the noiseless logits.
        noise: (k,) variances of one run.
        chance: (k,) what guessing gives.
        dataset: (k,) nodes.
        family: (k,) of the datasets.
    """

    situation: int
    logit: Tensor
    mean: Tensor
    covariance: Tensor
    noise: Tensor
    chance: Tensor
    dataset: Tensor
    family: Tensor

    @property
    def errors(self) -> Tensor:
        """(k,) absolute, in standard deviations of one run."""
        return (self.logit - self.mean).abs() / (self.covariance.diagonal() + self.noise).sqrt()
