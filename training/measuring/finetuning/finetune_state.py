"""The state of a fine-tuning run: its settings, how far it has come, and the file it is taken up from."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import lightning as L
import torch
from torch import Tensor, nn

from zoograph.data.errors import ZoographError
from zoograph.data.files.tensors import load_tensors, save_tensors
from zoograph.training.measuring.pictures import Augmentation

Progress = Callable[[int, int], None]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FinetuneConfig:
    """How a network is fine-tuned.

    Attributes:
        max_epochs: passes over the training images at most.
        patience: epochs without a better validation accuracy after which it stops.
        batch_size: images in one step at most; the batches of an epoch are of equal size, give or take one.
        learning_rate: of AdamW at its highest: it rises in a line over the first epochs and falls as a cosine to zero.
        warmup_epochs: over which the rate rises.
        layer_decay: factor of the rate from each layer to the one before it, in (0, 1]; 1 where a network does not say
            what its layers are.
        weight_decay: of AdamW; biases and scales do not decay.
        gradient_clip: largest norm of a gradient.
        validation_fraction: of each training class, held out to stop by.
        head_first: whether the new classifier begins as the retrained head, fitted to the frozen features, and the
            epochs have to be better than it.
        freeze: groups of layers, from the input on, that stay as they are.
        augmentation: how training images are changed at random.
    """

    max_epochs: int = 12
    patience: int = 4
    batch_size: int = 64
    learning_rate: float = 3e-4
    warmup_epochs: float = 1.0
    layer_decay: float = 0.75
    weight_decay: float = 0.05
    gradient_clip: float = 1.0
    validation_fraction: float = 0.2
    head_first: bool = True
    freeze: int = 0
    augmentation: Augmentation = Augmentation.CROP

    def __post_init__(self) -> None:
        checks = {
            "max_epochs": self.max_epochs >= 1,
            "patience": self.patience >= 1,
            "batch_size": self.batch_size >= 2,
            "learning_rate": self.learning_rate >= 0,
            "warmup_epochs": self.warmup_epochs >= 0,
            "layer_decay": 0 < self.layer_decay <= 1,
            "weight_decay": self.weight_decay >= 0,
            "freeze": self.freeze >= 0,
        }
        for name, good in checks.items():
            if not good:
                raise ZoographError(f"'{name}' of fine-tuning has no such value (got {getattr(self, name)}).")


class Evaluated(Protocol):
    """A network and what its last evaluation said."""

    network: nn.Module
    accuracy: float
    loss: float


class FinetuneState(L.Callback):  # type: ignore[misc]
    """How far a run has come: the epoch, the best weights, and the file from which it is taken up again."""

    def __init__(
        self, config: FinetuneConfig, seed: int, identity: str, path: Path | None, progress: Progress | None
    ) -> None:
        self._config, self._seed, self._identity, self._path, self._progress = config, seed, identity, path, progress
        self._optimizer_state: dict[int, dict[str, Tensor]] = {}
        self.epoch = self.best_epoch = 0
        self.best_accuracy, self._best_loss = -1.0, math.inf
        self.best: dict[str, Tensor] = {}
        self.head_accuracy: float | None = None

    @property
    def epoch_seed(self) -> int:
        """The seed of the epoch that is next or under way."""
        return self._seed * 1_000_003 + self.epoch + 1

    @property
    def finished(self) -> bool:
        """Whether there is no further epoch."""
        return self.epoch >= self._config.max_epochs or self.epoch - self.best_epoch >= self._config.patience

    def take_up(self, network: nn.Module) -> None:
        """Go back to where the file says, if there is one of this run."""
        if self._path is None:
            return
        try:
            tensors, about = load_tensors(self._path)
        except FileNotFoundError:
            return
        except ValueError as error:
            _log.warning("The checkpoint is damaged, and fine-tuning starts anew: %s.", error)
            return
        if about["run"] != self._identity:
            _log.warning("The checkpoint '%s' is of another run, and fine-tuning starts anew.", self._path)
            return
        parts: dict[str, dict[str, Tensor]] = {"network": {}, "best": {}, "optimizer": {}}
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = tensor
        network.load_state_dict(parts["network"])
        self.best = parts["best"]
        for name, tensor in parts["optimizer"].items():
            place, _, key = name.partition(".")
            self._optimizer_state.setdefault(int(place), {})[key] = tensor
        self.epoch, self.best_epoch = about["epoch"], about["best_epoch"]
        self.best_accuracy, self._best_loss = about["best_accuracy"], about["best_loss"]
        self.head_accuracy = about.get("head_accuracy")

    def begin(self, module: Evaluated) -> None:
        """Take the network as it is, before the first epoch, for the best so far."""
        self.best_epoch, self.best_accuracy, self._best_loss = 0, module.accuracy, module.loss
        self.best = _copy(module.network)

    def on_train_start(self, trainer: L.Trainer, _: L.LightningModule) -> None:
        """Put the optimizer back where it was."""
        if self._optimizer_state:
            optimizer = trainer.optimizers[0]
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": self._optimizer_state, "param_groups": groups})

    def on_train_epoch_end(self, trainer: L.Trainer, module: Evaluated) -> None:
        """Judge the epoch, write the file, and stop if it was the last."""
        self.epoch += 1
        if (module.accuracy, -module.loss) > (self.best_accuracy, -self._best_loss):
            self.best_epoch, self.best_accuracy, self._best_loss = self.epoch, module.accuracy, module.loss
            self.best = _copy(module.network)
        trainer.should_stop = self.finished
        self._save(module.network, trainer.optimizers[0])
        if self._progress is not None:
            self._progress(self.epoch, self._config.max_epochs)

    def _save(self, network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        if self._path is None:
            return
        tensors = {
            **network.state_dict(prefix="network."),
            **{f"best.{name}": tensor for name, tensor in self.best.items()},
            **{
                f"optimizer.{place}.{key}": tensor
                for place, state in optimizer.state_dict()["state"].items()
                for key, tensor in state.items()
            },
        }
        about = {
            "run": self._identity,
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "best_accuracy": self.best_accuracy,
            "best_loss": self._best_loss,
            "head_accuracy": self.head_accuracy,
        }
        save_tensors(self._path, tensors, about)


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}
