"""The LightningModule of fine-tuning, and the batches that it is fed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Protocol

import lightning as L
import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric

from zoograph.data.networks.foreign import foreign_code
from zoograph.training.measuring.finetune_state import FinetuneConfig, FinetuneState


class ImageRows(Protocol):
    """Images as a network expects them, each (3, H, W), read by row."""

    def __len__(self) -> int:
        """How many there are."""

    def read(self, rows: Sequence[int], /) -> Iterator[Tensor]:
        """Yield the images of these rows, in this order."""


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
        shares = rows.tensor_split(self._num_batches)
        if isinstance(self._images, Tensor):
            yield from ((self._images[share], self._targets[share]) for share in shares)
            return
        images = self._images.read(rows.tolist())
        yield from ((torch.stack(list(islice(images, len(share)))), self._targets[share]) for share in shares)


class Finetuning(L.LightningModule):  # type: ignore[misc]
    """Wires a network, cross-entropy and AdamW; after an evaluation it knows accuracy and mean loss."""

    def __init__(self, network: nn.Module, config: FinetuneConfig, state: FinetuneState, num_batches: int) -> None:
        super().__init__()
        self.network = network
        self._config, self._state, self._num_batches = config, state, num_batches
        # In double precision: a tie in accuracy is decided by the loss.
        self._correct, self._losses = (MeanMetric().set_dtype(torch.float64) for _ in range(2))
        self.accuracy, self.loss = 0.0, math.inf

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        """Return the cross-entropy."""
        images, targets = batch
        return nn.functional.cross_entropy(self._logits(images), targets)

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """Take in what is right and the cross-entropy of each image; a target of -1 is never right and has no loss."""
        images, targets = batch
        logits = self._logits(images)
        self._correct.update((logits.argmax(1) == targets).double())
        self._losses.update(nn.functional.cross_entropy(logits, targets, ignore_index=-1, reduction="none").double())

    test_step = validation_step

    def _logits(self, images: Tensor) -> Tensor:
        with foreign_code(f"The network must take images of shape {tuple(images.shape)}", "Choose another network."):
            logits: Tensor = self.network(images).float()
        return logits

    def on_validation_epoch_end(self) -> None:
        """Take the means over the images."""
        self.accuracy, self.loss = float(self._correct.compute()), float(self._losses.compute())
        self._correct.reset()
        self._losses.reset()

    on_test_epoch_end = on_validation_epoch_end

    def on_train_epoch_start(self) -> None:
        """Seed the epoch by itself."""
        torch.manual_seed(self._state.epoch_seed)

    def configure_optimizers(self) -> dict[str, object]:
        """Return AdamW, which decays matrices and kernels, but neither biases nor scales, and its learning rates."""
        weights = [parameter for parameter in self.network.parameters() if parameter.ndim > 1]
        others = [parameter for parameter in self.network.parameters() if parameter.ndim <= 1]
        decay = self._config.weight_decay
        groups = [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=self._config.learning_rate, fused=True)
        begun = self._state.epoch  # of a run that is taken up

        def share(step: int) -> float:
            epoch, index = divmod(step, self._num_batches)
            return self._config.rate_share(begun + epoch + (index + 1) / self._num_batches)

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, share)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
