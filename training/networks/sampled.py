"""Training of the two towers on sampled neighbourhoods: by one process or several, taken up where it was stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import lightning as L
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from zoograph.data.errors import ZoographError
from zoograph.graphs.stored.stored_graph import StoredGraph
from zoograph.models.networks.two_towers import TwoTowers
from zoograph.training.networks.checkpoints import CHECKPOINT, KeepCheckpoint, SafeCheckpoints
from zoograph.training.networks.run_batches import Plan, RunBatch, RunBatches
from zoograph.training.runtime.threads import one_seeded_thread
from zoograph.training.runtime.trainer import QuietDDP, quiet_trainer

_CONFIG = "zoograph_config"
_EPSILON = 1e-6  # gradients that are nothing but rounding move no weight by much


class SampledConfig(BaseModel):
    """How the two towers are trained.

    Attributes:
        hidden_channels: width of message passing.
        out_channels: of the inner product.
        num_layers: rounds of message passing.
        fanout: neighbours of a node by each type of edge, at most.
        batch_size: runs a step, over all processes.
        num_epochs: each asks for one run of every model that has any.
        blind: share of the models and datasets that play new in an epoch, and of those that do so in every one.
        lr: peak learning rate.
        seed: of weights and all draws.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hidden_channels: Annotated[int, Field(ge=1)] = 32
    out_channels: Annotated[int, Field(ge=1)] = 16
    num_layers: Annotated[int, Field(ge=1)] = 2
    fanout: Annotated[int, Field(ge=1)] = 10
    batch_size: Annotated[int, Field(ge=1)] = 1024
    num_epochs: Annotated[int, Field(ge=1)] = 1
    blind: Annotated[float, Field(ge=0, lt=1)] = 0.1
    lr: Annotated[float, Field(gt=0)] = 0.01
    seed: Annotated[int, Field(ge=0)] = 0

    def plan(self) -> Plan:
        """Return what the batches depend on."""
        return Plan(self.fanout, self.num_layers, self.batch_size, self.num_epochs, self.blind, self.seed)


class SampledModule(L.LightningModule):  # type: ignore[misc]
    """Learns from hidden runs by Gaussian likelihood of logits; each process reads its share of every batch.

    Args:
        graph: that is learned from.
        config: how.
        told: called with (steps done, steps in all) in the process with number 0.
    """

    def __init__(
        self, graph: StoredGraph, config: SampledConfig, told: Callable[[int, int], None] | None = None
    ) -> None:
        super().__init__()
        self.graph, self.config, self.told = graph, config, told
        self.network = TwoTowers(graph, config.hidden_channels, config.out_channels, config.num_layers)
        self.network.fit_scale(graph)

    def batches(self) -> RunBatches:
        """Return the batches of this process that are left."""
        world, first = self.trainer.world_size, self.trainer.global_step
        return RunBatches(self.graph, self.config.plan(), self.global_rank, world, first)

    def train_dataloader(self) -> RunBatches:
        """See Lightning."""
        return self.batches()

    def transfer_batch_to_device(self, batch: RunBatch, *_: object) -> RunBatch:
        """Return the batch, which stays where it is."""
        return batch

    def training_step(self, batch: RunBatch, _: int) -> Tensor:
        """Return the loss of one batch."""
        logits = self.network(self.graph, batch.part).logits(batch.models, batch.datasets)
        variance = torch.exp(2 * self.network.log_noise) + batch.target.variance
        loss = nn.functional.gaussian_nll_loss(logits, batch.target.logit, variance, reduction="none")
        return (batch.weight * loss).mean()

    def on_train_batch_end(self, *_: object) -> None:
        """Tell how far it is."""
        if self.told is not None and self.trainer.is_global_zero:
            self.told(self.trainer.global_step, int(self.trainer.num_training_batches))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the configuration beside the weights."""
        checkpoint[_CONFIG] = self.config.model_dump(mode="json")

    def configure_optimizers(self) -> dict[str, object]:
        """Return AdamW under a one-cycle schedule, stepped every batch."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.config.lr, weight_decay=1e-4, eps=_EPSILON)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.config.lr, total_steps=len(self.batches()) + 1)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def train_sampled(
    graph: StoredGraph,
    config: SampledConfig,
    folder: Path,
    processes: int = 1,
    every: int = 50,
    told: Callable[[int, int], None] | None = None,
) -> TwoTowers:
    """Train the two towers, or go on where a training with the same folder was stopped.

    Several processes on the CPU train by Lightning's ``ddp`` over gloo: gradients are averaged each step, so that the
    weights are those of one process up to rounding. A checkpoint can be taken up with any number of processes.

    Args:
        graph: that is learned from.
        config: how.
        folder: of the checkpoint.
        processes: that share each batch.
        every: steps between checkpoints.
        told: called with (steps done, steps in all); with several processes it must be importable.

    Raises:
        ZoographError: if the checkpoint is damaged or of another configuration.
        ValueError: if there are too few runs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CHECKPOINT
    _check_configuration(path, config)
    with one_seeded_thread(config.seed):
        module = SampledModule(graph, config, told)
    settings: dict[str, Any] = {"devices": processes, "plugins": [SafeCheckpoints()], "default_root_dir": folder}
    if processes > 1:
        settings["strategy"] = QuietDDP()
    with (
        one_seeded_thread(config.seed),
        quiet_trainer(
            max_epochs=1, gradient_clip_val=1.0, callbacks=[KeepCheckpoint(path, every)], **settings
        ) as trainer,
    ):
        trainer.fit(module, ckpt_path=str(path) if path.exists() else None)
    return module.network.eval()


def load_towers(graph: StoredGraph, config: SampledConfig, folder: Path) -> TwoTowers:
    """Return the network of a training's last checkpoint.

    Raises:
        FileNotFoundError: if there is none.
        ZoographError: if it is damaged or of another configuration.
    """
    path = folder / CHECKPOINT
    state = SafeCheckpoints().load_checkpoint(path)
    _check_configuration(path, config)
    network = TwoTowers(graph, config.hidden_channels, config.out_channels, config.num_layers)
    own = {name.removeprefix("network."): tensor for name, tensor in state["state_dict"].items()}
    network.load_state_dict(own)
    return network.eval()


def _check_configuration(path: Path, config: SampledConfig) -> None:
    if path.exists() and SafeCheckpoints().load_checkpoint(path).get(_CONFIG) != config.model_dump(mode="json"):
        raise ZoographError(f"'{path}' must be of this configuration (got another one). Remove it to begin anew.")
