"""LightningModule of the graph network: Gaussian likelihood, AdamW and a one-cycle schedule."""

from __future__ import annotations

import lightning as L
import torch
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from zoograph.models.networks.gnn import TransferGNN
from zoograph.training.networks.episodes import Episode
from zoograph.training.networks.noise import measurement_variance


class NetworkModule(L.LightningModule):  # type: ignore[misc]
    """Trains a :class:`TransferGNN` on episodes by Gaussian likelihood.

    Args:
        graph: training graph, for shapes and scales.
        hidden_channels: width of the network.
        num_layers: rounds of message passing.
        lr: peak learning rate of the one-cycle schedule.
        num_steps: length of that schedule.
    """

    def __init__(
        self,
        graph: HeteroData,
        hidden_channels: int,
        num_layers: int,
        lr: float,
        num_steps: int,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=["graph"])
        self.network = TransferGNN(graph, hidden_channels, num_layers)
        self.network.fit_scale(graph)

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
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
