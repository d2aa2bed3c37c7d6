"""The LightningModule of fine-tuning, and the batches that it is fed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

import lightning as L
import torch
from torch import Tensor, nn

from zoograph.data.networks.foreign import foreign_code
from zoograph.training.measuring.finetune_state import FinetuneConfig, FinetuneState


class ImageRows(Protocol):
    """Images as a network expects them, each (3, H, W), read by row."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, row: int, /) -> Tensor:
        """Return one image."""


# One (N, 3, H, W) tensor, or rows.
Images = Tensor | ImageRows


class Batches:
    """Batches of some rows; shuffled anew in each epoch of a run, or else in their order."""

    def __init__(
        self, images: Images, targets: Tensor, rows: Tensor, batch_size: int, state: FinetuneState | None = None
    ) -> None:
        self._images, self._targets, self._rows, self._state = images, targets, rows, state
        self._num_batches = math.ceil(len(rows) / batch_size)

    def __len__(self) -> int:
        return self._num_batches

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        rows = self._rows
        if self._state is not None:
            rows = rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(self._state.epoch_seed))]
        # Equal shares: a last batch of one image would leave batch normalisation without a spread.
        for share in rows.tensor_split(self._num_batches):
            images = self._images
            taken = images[share] if isinstance(images, Tensor) else torch.stack([images[int(row)] for row in share])
            yield taken, self._targets[share]


class Finetuning(L.LightningModule):  # type: ignore[misc]
    """Wires a network, cross-entropy and AdamW; after an evaluation it knows accuracy and mean loss."""

    def __init__(self, network: nn.Module, config: FinetuneConfig, state: FinetuneState, num_batches: int) -> None:
        super().__init__()
        self.network = network
        self._config, self._state, self._num_batches = config, state, num_batches
        self._sums: list[Tensor] = []
        self.accuracy, self.loss = 0.0, math.inf

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        """Return the cross-entropy."""
        images, targets = batch
        return nn.functional.cross_entropy(self._logits(images), targets)

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """Count what is right, and add up the cross-entropy."""
        images, targets = batch
        logits = self._logits(images)
        loss = nn.functional.cross_entropy(logits, targets, ignore_index=-1, reduction="sum")
        correct = (logits.argmax(1) == targets).sum()
        self._sums.append(torch.stack([correct.double(), loss.double(), loss.new_tensor(len(targets)).double()]))

    test_step = validation_step

    def _logits(self, images: Tensor) -> Tensor:
        with foreign_code(f"The network must take images of shape {tuple(images.shape)}", "Choose another network."):
            logits: Tensor = self.network(images).float()
        return logits

    def on_validation_epoch_end(self) -> None:
        """Divide by the number of images."""
        correct, loss, count = torch.stack(self._sums).sum(0).tolist()
        self.accuracy, self.loss = correct / count, loss / count
        self._sums.clear()

    on_test_epoch_end = on_validation_epoch_end

    def on_train_epoch_start(self) -> None:
        """Seed the epoch by itself."""
        torch.manual_seed(self._state.epoch_seed)

    def on_train_batch_start(self, _: object, index: int) -> None:
        """Set the learning rate: up over the first epoch, then down as a cosine."""
        done = self._state.epoch + (index + 1) / self._num_batches
        falling = max(done - 1, 0) / max(self._config.max_epochs - 1, 1)
        rate = self._config.learning_rate * min(done, 1) * (1 + math.cos(math.pi * falling)) / 2
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = rate

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return AdamW, which decays matrices and kernels, but neither biases nor scales."""
        weights = [parameter for parameter in self.network.parameters() if parameter.ndim > 1]
        others = [parameter for parameter in self.network.parameters() if parameter.ndim <= 1]
        decay = self._config.weight_decay
        groups = [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, lr=self._config.learning_rate, fused=True)
