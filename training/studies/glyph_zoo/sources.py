"""Training a source model of the glyph zoo on its corpus."""

from __future__ import annotations

import lightning as L
import torch
from torch import Tensor, nn

from zoograph.data.collections.glyphs.models import ARCHITECTURES, SourceModel
from zoograph.training.runtime.threads import one_seeded_thread
from zoograph.training.runtime.trainer import fit_quietly

_BATCH_SIZE = 64
_WEIGHT_DECAY = 0.02
_MOST_SHIFT = 3  # pixels that a batch is moved by
_EVALUATION_BATCH = 256


class _SourceModule(L.LightningModule):  # type: ignore[misc]
    """Cross-entropy with AdamW, the learning rate rising for a fifth of the steps and falling to nothing."""

    def __init__(self, network: nn.Module, images: Tensor, labels: Tensor, learning_rate: float, steps: int) -> None:
        super().__init__()
        self.network, self.images, self.labels = network, images, labels
        self.learning_rate, self.steps = learning_rate, steps

    def training_step(self, rows: Tensor) -> Tensor:
        shift = torch.randint(-_MOST_SHIFT, _MOST_SHIFT + 1, (2,)).tolist()
        moved = self.images[rows].roll(shift, dims=(2, 3))
        return nn.functional.cross_entropy(self.network(moved), self.labels[rows])

    def configure_optimizers(self) -> dict[str, object]:
        optimizer = torch.optim.AdamW(self.network.parameters(), lr=self.learning_rate, weight_decay=_WEIGHT_DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=self.steps, pct_start=0.2
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def draw_weights(model: SourceModel, seed: int = 0) -> nn.Module:
    """Return a source model with the random weights that :func:`train_source` starts from."""
    with one_seeded_thread(seed):
        return model.create()


def train_source(model: SourceModel, images: Tensor, labels: Tensor, seed: int = 0) -> nn.Module:
    """Train a source model from random weights, on one thread; the same seed gives the same weights.

    Args:
        model: what to train and for how many epochs.
        images: (N, 1, 32, 32) float32.
        labels: (N,) classes of the corpus.
        seed: of the weights and of the order of the images.
    """
    with one_seeded_thread(seed):
        network = model.create()
        steps = [rows for _ in range(model.epochs) for rows in torch.randperm(len(images)).split(_BATCH_SIZE)]
        rate = ARCHITECTURES[model.architecture].learning_rate
        fit_quietly(_SourceModule(network, images, labels, rate, len(steps)), steps, gradient_clip=1.0)
    return network.eval()


@torch.inference_mode()
def measure_accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return top-1 accuracy of a network on (N, 1, 32, 32) images of its own classes, in [0, 1]."""
    network.eval()
    parts = zip(images.split(_EVALUATION_BATCH), labels.split(_EVALUATION_BATCH), strict=True)
    correct = sum(int((network(part).argmax(1) == truth).sum()) for part, truth in parts)
    return correct / len(labels)
