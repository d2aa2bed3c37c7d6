"""LightningModule of the evidence's kernel: it learns to predict what is hidden of a graph."""

from __future__ import annotations

from collections.abc import Callable

import lightning as L
import torch
from torch import Tensor

from zoograph.models.evidence.hiding import Hiding


class HidingModule(L.LightningModule):  # type: ignore[misc]
    """Each step hides parts of one sample of the records.

    Args:
        hiding: of the graph; its kernel is learned.
        num_steps: in all; the learning rate falls to zero over them.
        learning_rates: of Adam at the start, for the kernel and for its network.
        seed: of what is hidden.
        tick: called after each step.
    """

    def __init__(
        self, hiding: Hiding, num_steps: int, learning_rates: tuple[float, float], seed: int, tick: Callable[[], None]
    ) -> None:
        super().__init__()
        self.kernel = hiding.kernel
        self._hiding, self._num_steps, self._learning_rates, self._tick = hiding, num_steps, learning_rates, tick
        self._generator = torch.Generator().manual_seed(seed)

    def training_step(self, rows: Tensor, _: int) -> Tensor:
        """Return the loss on what is hidden of the records at ``rows``."""
        self._tick()
        return self._hiding.loss(rows, self._generator)

    def configure_optimizers(self) -> dict[str, object]:
        """Return Adam, and a rate that falls linearly."""
        network = [] if self.kernel.network is None else list(self.kernel.network.parameters())
        ids = {id(parameter) for parameter in network}
        own = [parameter for parameter in self.kernel.parameters() if id(parameter) not in ids]
        groups = [{"params": part, "lr": rate} for part, rate in zip((own, network), self._learning_rates, strict=True)]
        optimizer = torch.optim.Adam([group for group in groups if group["params"]])
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, total_iters=self._num_steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
