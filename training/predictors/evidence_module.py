"""LightningModule of a kernel: marginal likelihood (evidence), maximised by L-BFGS."""

from __future__ import annotations

from collections.abc import Callable

import lightning as L
import torch
from torch import Tensor

from zoograph.models.gp.evidence import evidence_loss, evidence_optimizer
from zoograph.training.predictors.deep_member import Kernel, Prior
from zoograph.training.predictors.records import Records


class EvidenceModule(L.LightningModule):  # type: ignore[misc]
    """Maximises the evidence of records under one kernel of a member, by L-BFGS.

    Args:
        kernel: what is learned.
        prior: returns the covariances and the noise that follow from it.
        records: all that may be learned from.
        num_iterations: of L-BFGS.
        tick: called after each evaluation.
    """

    def __init__(
        self, kernel: Kernel, prior: Prior, records: Records, num_iterations: int, tick: Callable[[], None]
    ) -> None:
        super().__init__()
        self.kernel = kernel
        self._prior, self._records, self._num_iterations, self._tick = prior, records, num_iterations, tick

    def training_step(self, index: Tensor, _: int) -> Tensor:
        """Return minus the log evidence of the records at ``index``, and minus the log prior."""
        records = self._records
        pairs = records.pairs[:, index]
        covariances, noise = self._prior()
        self._tick()
        own = noise.of(pairs, records.num_runs[index])
        return evidence_loss(covariances, pairs, own, records.latent[index]) + self.kernel.penalty()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return L-BFGS with a strong Wolfe line search."""
        return evidence_optimizer(self.kernel.parameters(), self._num_iterations)
