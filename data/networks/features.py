"""Feature extraction: pooled features and source-class probabilities of a task's samples, kept on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from zoograph.data.files.shared import keep_shared
from zoograph.data.home import make_home
from zoograph.data.images.reading.unreadable import Unreadable
from zoograph.data.networks.devices import half_precision, number_device
from zoograph.data.networks.foreign import NetworkError, foreign_code
from zoograph.data.networks.rows import is_cut, load_rows, reading_order, require_readable, stack
from zoograph.data.networks.weights import PretrainedModel
from zoograph.data.tasks.stratified import stratified_hold_out
from zoograph.data.tasks.task import LabelledTask

Progress = Callable[[int, int], None]
_FORMAT = "zoograph-features-2"
HELD_OUT = 0.3
"""The fraction of each class that is held out where a task has no test samples of its own."""
_OTHER_NETWORK = "Choose another network, or smaller samples."


@dataclass(frozen=True, eq=False)
class Features:
    """One model's view of one task.

    Attributes:
        features: (N, D) float32, pooled, as the model's classifier reads them. This and the rest are on one device.
        probabilities: (N, S) float32 of the S source classes; None if the model has no classifier.
        labels: (N,) int64 classes of the task.
        classes: their names.
        skipped: names of the samples that could not be read, which are none of the N -> what is wrong with them.
        is_test: (N,) bool, the samples that the dataset's authors set aside; None if they split nothing.
        is_validation: (N,) bool, the samples that they set aside to choose by; None if there are none.
        rows: (N,) int64 rows of the task.
        num_cut: samples that the model does not read to their end.
        values: (N,) float64 real targets; None where the targets are classes.
        key: hash of model, weights, transform, precision, samples and labels.
    """

    features: Tensor
    probabilities: Tensor | None
    labels: Tensor
    classes: tuple[str, ...]
    skipped: dict[str, str]
    is_test: Tensor | None
    key: str
    is_validation: Tensor | None = None
    rows: Tensor | None = None
    num_cut: int = 0
    values: Tensor | None = None

    def test_rows(self, fraction: float = HELD_OUT, seed: int = 0) -> Tensor:
        """Return (N,) bool: the task's own test samples, or else a stratified fraction that is held out by seed."""
        if self.is_test is not None:
            return self.is_test  # where it is: on a device it need not go to the CPU and back
        return torch.from_numpy(stratified_hold_out(self.labels.cpu(), fraction, seed)).to(self.labels.device)


def extract(
    network: nn.Module, batches: Iterable[Tensor], device: str | torch.device = "cpu"
) -> tuple[Tensor, Tensor | None]:
    """Return what a network with timm's interface sees in samples, in one pass.

    On CUDA the body runs under autocast, in bfloat16 or float16; pooling, classifier and softmax are always float32.

    Args:
        network: moved to ``device``; used in evaluation mode.
        batches: (B, 3, H, W) images, or (B, L) tokens, as the network expects them.
        device: where to compute.

    Returns:
        (N, D) pooled features that the classifier reads, and (N, S) probabilities of its classes, or None if
        it has none; float32, on the device.

    Raises:
        NetworkError: if the network cannot look at these samples, or if its pooled features are no matrix.
        ValueError: if there are no samples.
    """
    device = torch.device(device)
    half = half_precision(device)
    was_training = network.training
    with foreign_code(f"The network must fit on the device '{device}'", "Choose another device or network."):
        seeing: Any = network.to(device).eval()  # timm's interface is not typed
    features: list[Tensor] = []
    probabilities: list[Tensor] = []
    with torch.inference_mode():
        for batch in batches:
            with foreign_code(f"The network must take images of shape {tuple(batch.shape)}", _OTHER_NETWORK):
                images = _send(batch, device)
                with torch.autocast(device.type, half, enabled=half is not None):
                    body = seeing.forward_features(images)
                body = body.float()
                features.append(seeing.forward_head(body, pre_logits=True))
                if seeing.num_classes:
                    probabilities.append(seeing.forward_head(body).softmax(1))
    network.train(was_training)
    if not features:
        raise ValueError("'batches' must have images (got no images)")
    if features[0].ndim != 2:
        shape = tuple(features[0].shape)
        raise NetworkError(
            f"The network must pool images to a matrix (got features of shape {shape}). {_OTHER_NETWORK}"
        )
    return torch.cat(features), torch.cat(probabilities) if probabilities else None


def _send(batch: Tensor, device: torch.device) -> Tensor:
    """Return a batch on the device; to CUDA from pinned memory, so that it travels while the card computes."""
    if device.type == "cuda":
        return batch.pin_memory().to(device, non_blocking=True)
    return batch.to(device)


def extract_features(
    model: PretrainedModel,
    task: LabelledTask,
    device: str | torch.device = "cpu",
    batch_size: int = 64,
    progress: Progress | None = None,
) -> Features:
    """Return what a model sees in a task, from the cache if it was asked before, on the device.

    The cache is the folder ``cache/features`` of the home, and that of ``$ZOOGRAPH_FEATURES`` if machines share one.
    It is keyed by the content of the weights and of the samples, not by names or paths; a file that is damaged is
    computed again.

    Args:
        model: with its transform.
        task: its images are decoded by several processes, if there are many.
        device: where to compute, and where the features stay; those of MPS, which has no float64, come to the CPU.
        batch_size: samples in one pass.
        progress: called with (samples done, samples in all).

    Raises:
        ImageTaskError: if more than 1 % of the images cannot be read.
        StoreError: if the home cannot be made.
    """
    device = torch.device(device)
    key = _key(model, task, device)
    path = make_home() / "cache" / "features" / f"{key}.safetensors"
    about = {"format": _FORMAT, "model": model.card.id, "dataset": task.card.id}

    def compute() -> tuple[dict[str, Tensor], dict[str, Any]]:
        computed, unreadable, num_cut = _compute(model, task, device, batch_size, progress)
        kinds = {str(row): kind.value for row, kind in unreadable.items()}
        return computed, {**about, "unreadable": kinds, "num_cut": num_cut}

    tensors, known = keep_shared(path, compute)
    kept, place = tensors["kept"], number_device(device)
    probabilities = tensors.get("probabilities")
    return Features(
        tensors["features"].to(place),
        None if probabilities is None else probabilities.to(place),
        torch.tensor(task.labels)[kept].to(place),
        task.classes,
        {task.names[int(row)]: kind for row, kind in known["unreadable"].items()},
        None if task.is_test is None else torch.tensor(task.is_test)[kept].to(place),
        key,
        None if task.is_validation is None else torch.tensor(task.is_validation)[kept].to(place),
        kept,
        known.get("num_cut", 0),
        None if task.values is None else torch.tensor(task.values.numbers, dtype=torch.float64)[kept].to(place),
    )


def _key(model: PretrainedModel, task: LabelledTask, device: torch.device) -> str:
    precision = str(half_precision(device) or torch.float32).removeprefix("torch.")
    parts = [
        _FORMAT,
        model.card.timm_name or model.card.architecture,
        model.digest,
        repr(model.transform),
        precision,
        task.digest,
    ]
    if task.seen_with is not None:
        parts.append(task.seen_with)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _compute(
    model: PretrainedModel, task: LabelledTask, device: torch.device, batch_size: int, progress: Progress | None
) -> tuple[dict[str, Tensor], dict[int, Unreadable], int]:
    kept: list[int] = []
    unreadable: dict[int, Unreadable] = {}
    num_cut = 0

    def batches() -> Iterator[Tensor]:
        nonlocal num_cut
        batch: list[Tensor] = []
        order = reading_order(task)
        for done, (row, sample) in enumerate(zip(order, load_rows(task, model.transform, order), strict=True), 1):
            if isinstance(sample, Unreadable):
                unreadable[row] = sample
                require_readable(task, unreadable)
            else:
                num_cut += is_cut(model.transform, task, row, sample)
                kept.append(row)
                batch.append(sample)
            if batch and (len(batch) == batch_size or done == len(task)):
                yield stack(batch)
                batch.clear()
                if progress is not None:
                    progress(done, len(task))

    features, probabilities = extract(model.network, batches(), device)
    back = torch.tensor(kept).argsort()  # into the order of the task
    tensors = {"features": features[back.to(features.device)], "kept": torch.tensor(kept)[back]}
    if probabilities is not None:
        tensors["probabilities"] = probabilities[back.to(features.device)]
    return tensors, unreadable, num_cut
