"""LightningModule of the graph network: Gaussian likelihood, AdamW and a one-cycle schedule."""

from __future__ import annotations

import lightning as L
import torch
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from zoograph.models.networks.gnn import TransferGNN
from zoograph.training.networks.checkpoint import checkpoint, restore_network, restore_optimizer
from zoograph.training.networks.episodes import Episode
from zoograph.training.networks.member_cache import Part
from zoograph.training.networks.noise import measurement_variance


class NetworkModule(L.LightningModule):  # type: ignore[misc]
    """Trains a :class:`TransferGNN` on episodes by Gaussian likelihood.

    Args:
        graph: training graph, for shapes and scales.
        hidden_channels: width of the network.
        num_layers: rounds of message passing.
        lr: peak learning rate of the one-cycle schedule.
        num_steps: length of that schedule.
        part: where an earlier training of the same shape stopped; default: begin anew.
    """

    def __init__(
        self,
        graph: HeteroData,
        hidden_channels: int,
        num_layers: int,
        lr: float,
        num_steps: int,
        part: Part | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=["graph", "part"])
        self.network = TransferGNN(graph, hidden_channels, num_layers)
        self.network.fit_scale(graph)
        self._part = part
        if part is not None:
            restore_network(part, self.network)

    def training_step(self, episode: Episode, _: int) -> Tensor:
        """Return the loss of one episode."""
        mean, spread = self.network(episode.graph, episode.pairs)
        variance = spread.square() + measurement_variance(episode.sample_size)
        return nn.functional.gaussian_nll_loss(mean, episode.target, variance)

    def configure_optimizers(self) -> dict[str, object]:
        """Return AdamW under a one-cycle schedule, stepped every episode."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.hparams.lr, weight_decay=1e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.hparams.lr, total_steps=self.hparams.num_steps, pct_start=0.15
        )
        if self._part is not None:
            restore_optimizer(self._part, optimizer, schedule)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def checkpoint(self, epoch: int, generator: Tensor) -> Part:
        """Return the state of this training before the pass ``epoch``; the generator's draws the episodes."""
        optimizer, schedule = self.optimizers(use_pl_optimizer=False), self.lr_schedulers()
        return checkpoint(self.network, optimizer, schedule, epoch, generator)
