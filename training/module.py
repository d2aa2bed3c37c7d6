"""The LightningModule: it only wires a kernel, the evidence and the optimizer."""

from __future__ import annotations

from collections.abc import Callable

import lightning as L
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.models.deep_kernel import DeepKernel
from zoograph.models.exact_gp import NegativeLogEvidence, gram
from zoograph.models.gaussian_process import PlainKernel
from zoograph.training.deep_gp import DeepGP, Records
from zoograph.training.plain_gp import PlainGP


class EvidenceModule(L.LightningModule):  # type: ignore[misc]
    """Maximises the evidence of records under one kernel of a member, by L-BFGS.

    Args:
        member: whose kernel is learned.
        kernel: which of its own.
        graph: what the kernel reads.
        records: all that may be learned from.
        chance: (M, D) p (1 - p) of every pair, or None for 1/4.
        num_iterations: of L-BFGS.
        tick: called after each evaluation.
    """

    def __init__(
        self,
        member: DeepGP | PlainGP,
        kernel: DeepKernel | PlainKernel,
        graph: HeteroData,
        records: Records,
        chance: Tensor | None,
        num_iterations: int,
        tick: Callable[[], None],
    ) -> None:
        super().__init__()
        self.kernel = kernel
        self._member, self._graph, self._records, self._chance = [member], graph, records, chance
        self._num_iterations, self._tick = num_iterations, tick

    def training_step(self, index: Tensor, _: int) -> Tensor:
        """Return minus the log evidence of the records at ``index``, and minus the log prior."""
        records = self._records
        pairs = records.pairs[:, index]
        covariances, noise = self._member[0].prior(self.kernel, self._graph, records.scale, self._chance)
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
