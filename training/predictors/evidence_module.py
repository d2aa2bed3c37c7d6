"""The LightningModule: it only wires a kernel, the evidence and the optimizer."""

from __future__ import annotations

from collections.abc import Callable

import lightning as L
import torch
from torch import Tensor

from zoograph.models.gp.inference import NegativeLogEvidence, gram
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
        covariance = gram(covariances, pairs) + torch.diag(noise.of(pairs, records.num_runs[index]))
        self._tick()
        evidence = NegativeLogEvidence.apply(covariance, records.latent[index])
        return torch.as_tensor(evidence + self.kernel.penalty())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return L-BFGS with a strong Wolfe line search."""
        return torch.optim.LBFGS(
            self.kernel.parameters(),
            max_iter=self._num_iterations,
            history_size=20,
            line_search_fn="strong_wolfe",
        )
