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

from zoograph.data.files.tensors import load_tensors, save_tensors

Progress = Callable[[int, int], None]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FinetuneConfig:
    """How a network is fine-tuned. Images are not augmented.

    Attributes:
        max_epochs: passes over the training images at most.
        patience: epochs without a better validation accuracy after which it stops.
        batch_size: images in one step at most; the batches of an epoch are of equal size, give or take one.
        learning_rate: of AdamW at its highest: it rises over the first epoch and falls as a cosine to zero.
        weight_decay: of AdamW.
        gradient_clip: largest norm of a gradient.
        validation_fraction: of each training class, held out to stop by.
    """

    max_epochs: int = 12
    patience: int = 4
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    gradient_clip: float = 1.0
    validation_fraction: float = 0.2

    def rate_share(self, epochs: float) -> float:
        """Return the share of the highest learning rate, in [0, 1], of the step that ends after so many epochs."""
        falling = max(epochs - 1, 0) / max(self.max_epochs - 1, 1)
        return min(epochs, 1) * (1 + math.cos(math.pi * falling)) / 2


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
            self.best = {name: tensor.detach().cpu().clone() for name, tensor in module.network.state_dict().items()}
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
        }
        save_tensors(self._path, tensors, about)
