"""The LightningModule of fine-tuning, and the batches that it is fed."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Protocol, runtime_checkable

import lightning as L
import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric

from zoograph.data.networks.foreign import NetworkError, foreign_code
from zoograph.data.networks.rows import stack
from zoograph.training.measuring.finetuning.finetune_state import FinetuneConfig, FinetuneState


class ImageRows(Protocol):
    """Samples as a network expects them, images (3, H, W) or tokens (L,), read by row."""

    def __len__(self) -> int:
        """How many there are."""

    def read(self, rows: Sequence[int], /) -> Iterator[Tensor]:
        """Yield the samples of these rows, in this order."""


@runtime_checkable
class Augmenting(Protocol):
    """Images that can be read for training, changed at random."""

    def read_augmented(self, rows: Sequence[int], seed: int, /) -> Iterator[Tensor]:
        """Yield the images of these rows, in this order, as the seed has it."""


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
        if self._state is not None and isinstance(self._images, Augmenting):
            images = self._images.read_augmented(rows.tolist(), self._state.epoch_seed)
        else:
            images = self._images.read(rows.tolist())
        yield from ((stack(list(islice(images, len(share)))), self._targets[share]) for share in shares)


class Finetuning(L.LightningModule):  # type: ignore[misc]
    """Wires a network, cross-entropy and AdamW; after an evaluation it knows accuracy and mean loss."""

    def __init__(self, network: nn.Module, config: FinetuneConfig, state: FinetuneState, num_batches: int) -> None:
        super().__init__()
        self.network = network
        self._config, self._state, self._num_batches = config, state, num_batches
        # In double precision, which not every device has: a tie in accuracy is decided by the loss.
        self._means = [MeanMetric().set_dtype(torch.float64) for _ in range(2)]
        self.accuracy, self.loss = 0.0, math.inf

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        """Return the cross-entropy."""
        images, targets = batch
        return nn.functional.cross_entropy(self._logits(images), targets)

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """Take in what is right and the cross-entropy of each image; a target of -1 is never right and has no loss."""
        images, targets = batch
        logits = self._logits(images)
        right = logits.argmax(1) == targets
        losses = nn.functional.cross_entropy(logits, targets, ignore_index=-1, reduction="none")
        for mean, values in zip(self._means, (right, losses), strict=True):
            mean.update(values.cpu().double())

    test_step = validation_step

    def _logits(self, images: Tensor) -> Tensor:
        with foreign_code(f"The network must take images of shape {tuple(images.shape)}", "Choose another network."):
            logits: Tensor = self.network(images).float()
        return logits

    def on_validation_epoch_end(self) -> None:
        """Take the means over the images."""
        self.accuracy, self.loss = (float(mean.compute()) for mean in self._means)
        for mean in self._means:
            mean.reset()

    on_test_epoch_end = on_validation_epoch_end

    def on_train_epoch_start(self) -> None:
        """Seed the epoch by itself."""
        torch.manual_seed(self._state.epoch_seed)

    def on_train_batch_start(self, *_: object) -> None:
        """Keep the statistics of layers that stay as they are."""
        for module in self.network.modules():
            own = list(module.parameters())
            if own and not any(parameter.requires_grad for parameter in own):
                module.eval()

    def configure_optimizers(self) -> dict[str, object]:
        """Return AdamW with its groups of weights, and the learning rates from where a run is taken up."""
        config = self._config
        groups = weight_groups(self.network, config)
        # A fused step unscales gradients by itself, which mixed precision on a GPU cannot join with clipping them.
        on_cpu = next(self.network.parameters()).device.type == "cpu"
        optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, fused=on_cpu)
        schedule = make_schedule(optimizer, config, self._num_batches)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Detected call of", UserWarning)
            for _ in range(self._state.epoch * self._num_batches):
                schedule.step()
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def weight_groups(network: nn.Module, config: FinetuneConfig) -> list[dict[str, Any]]:
    """Return the weights that are trained as AdamW takes them: matrices and kernels decay, biases and scales do not.

    Where a network says what its layers are, as timm's do, each has ``layer_decay`` times the rate of the one after it.
    """
    if config.layer_decay < 1 and hasattr(network, "group_matcher"):
        from timm.optim import param_groups_layer_decay

        groups = param_groups_layer_decay(network, config.weight_decay, layer_decay=config.layer_decay)
        return [
            {
                "params": group["params"],
                "weight_decay": group["weight_decay"],
                "lr": config.learning_rate * group["lr_scale"],
            }
            for group in groups
        ]
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    weights = [parameter for parameter in trained if parameter.ndim > 1]
    others = [parameter for parameter in trained if parameter.ndim <= 1]
    return [{"params": weights, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]


def make_schedule(
    optimizer: torch.optim.Optimizer, config: FinetuneConfig, num_batches: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """Return the schedule of a whole run: a line up over the warm-up, then a cosine down to zero."""
    steps = config.max_epochs * num_batches
    warm = min(round(config.warmup_epochs * num_batches), steps)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps - max(warm - 1, 0)))
    if warm < 2:
        return cosine
    line = torch.optim.lr_scheduler.LinearLR(optimizer, 1 / warm, total_iters=warm - 1)
    return torch.optim.lr_scheduler.SequentialLR(optimizer, [line, cosine], [warm - 1])


def freeze_layers(network: nn.Module, number: int) -> None:
    """Make the first groups of layers stay as they are.

    Raises:
        NetworkError: if the network does not say what its layers are, or has no more than so many.
    """
    if not number:
        return
    from timm.models import group_parameters

    if not hasattr(network, "group_matcher"):
        raise NetworkError("The network does not say what its layers are, so that none can be frozen. Freeze none.")
    matcher: Any = network.group_matcher
    groups = group_parameters(network, matcher(coarse=True))
    if number >= len(groups):
        raise NetworkError(
            f"At most {len(groups) - 1} groups of this network's layers can be frozen (got {number}). Freeze fewer."
        )
    parameters = dict(network.named_parameters())
    for group in sorted(groups)[:number]:
        for name in groups[group]:
            parameters[name].requires_grad_(False)
