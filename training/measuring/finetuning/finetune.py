"""Full fine-tuning: every weight is trained on the task, with early stopping, and can be taken up again."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zoograph.data.errors import FoldsError
from zoograph.data.files.tensors import hash_tensors
from zoograph.data.networks.devices import half_precision, number_device
from zoograph.data.networks.features import extract
from zoograph.data.networks.foreign import foreign_code
from zoograph.data.tasks.stratified import validation_rows
from zoograph.training.measuring.finetuning.finetune_module import Batches, Finetuning, ImageRows, Images, freeze_layers
from zoograph.training.measuring.finetuning.finetune_state import FinetuneConfig, FinetuneState, Progress
from zoograph.training.measuring.head import fit_classifier
from zoograph.training.runtime.trainer import accelerator, quiet_trainer

__all__ = ["FinetuneConfig", "FinetuneResult", "ImageRows", "Images", "Keep", "measure_finetune"]

_PRECISIONS = {torch.bfloat16: "bf16-mixed", torch.float16: "16-mixed"}
Keep = Callable[[dict[str, Tensor]], None]
"""Is given the weights of a network by name."""


@dataclass(frozen=True)
class FinetuneResult:
    """What full fine-tuning reached.

    Attributes:
        accuracy: top-1 on the test images, in [0, 1], higher is better.
        validation_accuracy: top-1 on the validation images after the best epoch, in [0, 1].
        best_epoch: the epoch whose weights were tested, from 1; 0 if none was better than the head.
        num_epochs: epochs that were trained.
        num_train: training images, those of the validation included.
        num_test: test images.
        seconds: wall time of this call, without what an earlier, interrupted one took.
        head_accuracy: top-1 on the test images of the head that it began with; None if it began without one.
    """

    accuracy: float
    validation_accuracy: float
    best_epoch: int
    num_epochs: int
    num_train: int
    num_test: int
    seconds: float
    head_accuracy: float | None = None


def measure_finetune(
    model: nn.Module,
    train_images: Images,
    train_labels: Tensor,
    test_images: Images,
    test_labels: Tensor,
    config: FinetuneConfig | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    *,
    checkpoint: Path | None = None,
    device: str | torch.device = "cpu",
    keep: Keep | None = None,
    validation: Tensor | None = None,
) -> FinetuneResult:
    """Fine-tune a copy of a network with a new classifier and measure its accuracy.

    The new classifier begins as the retrained head, if the network's is linear and ``config`` says so; then everything
    is trained. The weights that are tested are those after the epoch (or before all of them, as the head) with the best
    accuracy on a stratified part of the training images, then the least cross-entropy. A test image of a class without
    training images counts as an error. Every epoch is seeded by itself, so that a run that is taken up again ends as if
    it had never been stopped (on CUDA up to the order of its sums).

    Args:
        model: with timm's ``reset_classifier``; it is left as it is.
        train_images: (N, 3, H, W), or N images that are read by row.
        train_labels: (N,) integer classes.
        test_images: (M, 3, H, W), or M images that are read by row.
        test_labels: (M,) integer classes.
        config: default as stated there.
        seed: of the split, the classifier, the order of the images and dropout.
        progress: called with (epochs done, epochs at most).
        checkpoint: safetensors file that is written after every epoch, taken up if it is there, and removed in
            the end. One that is damaged or of another run is replaced.
        device: CUDA computes under autocast, in bfloat16 or float16, all others in float32.
        keep: called with the weights that were tested, on the CPU, before the checkpoint is removed.
        validation: (N,) bool, the training images to stop by; default: a stratified part.

    Raises:
        NetworkError: if the network takes no new classifier, or cannot look at these images.
        FoldsError: if there are fewer than two training classes, no class with two training images, or no
            test images.
        ValueError: if there is not one label for each image.
    """
    started = time.perf_counter()
    config = config or FinetuneConfig()
    _check(train_images, train_labels, test_images, test_labels)
    classes, targets = torch.unique(train_labels.cpu(), return_inverse=True)
    given = None if validation is None else validation.cpu()
    held = torch.from_numpy(validation_rows(targets, given, config.validation_fraction, seed))
    if not bool(held.any()):
        raise FoldsError(
            "Fine-tuning needs a class with two training samples, one of them to stop by (got none). Add samples, or "
            "retrain a head."
        )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        with foreign_code("The network must take a new classifier, as timm's do", "Choose another network."):
            network: Any = copy.deepcopy(model)  # timm's interface is not typed
            network.reset_classifier(len(classes))
        state = FinetuneState(config, seed, _identity(network, targets, held, config, seed), checkpoint, progress)
        train = Batches(train_images, targets, torch.where(~held)[0], config.batch_size, state)
        chosen_by = Batches(train_images, targets, torch.where(held)[0], config.batch_size)
        freeze_layers(network, config.freeze)
        module = Finetuning(network, config, state, len(train))
        state.take_up(network)
        test_targets = (test_labels.cpu()[:, None] == classes).int().argmax(1)
        test_targets[~torch.isin(test_labels.cpu(), classes)] = -1
        test = Batches(test_images, test_targets, torch.arange(len(test_targets)), config.batch_size)
        everything = Batches(train_images, targets, torch.arange(len(targets)), config.batch_size)
        with quiet_trainer(**_settings(config, state, torch.device(device))) as trainer:
            new = config.head_first and not state.best
            if new and _begin_as_head(network, everything, targets, held, torch.device(device)):
                trainer.test(module, test, verbose=False)
                state.head_accuracy = module.accuracy
                trainer.validate(module, chosen_by, verbose=False)
                state.begin(module)
            if not state.finished:
                trainer.fit(module, train, chosen_by)
            network.load_state_dict(state.best)
            trainer.test(module, test, verbose=False)
    if keep is not None:
        keep(state.best)
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return FinetuneResult(
        module.accuracy,
        state.best_accuracy,
        state.best_epoch,
        state.epoch,
        len(train_labels),
        len(test_labels),
        time.perf_counter() - started,
        state.head_accuracy,
    )


def _begin_as_head(network: Any, images: Batches, targets: Tensor, held: Tensor, device: torch.device) -> bool:
    """Fit the classifier to the frozen features; return whether it is one linear layer on them, so that this can be."""
    find = getattr(network, "get_classifier", None)
    classifier = None if find is None else find()
    if not isinstance(classifier, nn.Linear):
        return False
    features, _ = extract(network, (batch for batch, _ in images), device)
    if features.shape[1] != classifier.in_features:
        return False
    place = number_device(device)
    weight, bias = fit_classifier(features.to(place), targets.to(place), held.to(place))
    with torch.no_grad():
        classifier.weight.copy_(weight)
        if classifier.bias is not None:
            classifier.bias.copy_(bias)
    network.cpu()
    return True


def _check(train_images: Images, train_labels: Tensor, test_images: Images, test_labels: Tensor) -> None:
    if len(train_images) != len(train_labels) or len(test_images) != len(test_labels):
        raise ValueError(
            f"'measure_finetune' needs one label for each image (got {len(train_labels)} for {len(train_images)} "
            f"and {len(test_labels)} for {len(test_images)})"
        )
    if len(torch.unique(train_labels)) < 2:
        raise FoldsError("Fine-tuning needs training images of two classes (got fewer). Add another class.")
    if len(test_labels) == 0:
        raise FoldsError("Fine-tuning needs test images (got none). Hold out some, or add images.")


def _identity(network: nn.Module, targets: Tensor, held: Tensor, config: FinetuneConfig, seed: int) -> str:
    """Return what two runs have in common only if they are the same run."""
    start = {**network.state_dict(prefix="network."), "targets": targets, "held": held}
    return f"{hash_tensors(start)} {seed} {asdict(config)}"


def _settings(config: FinetuneConfig, state: FinetuneState, device: torch.device) -> dict[str, Any]:
    half = half_precision(device)
    return {
        **accelerator(device),
        "precision": "32-true" if half is None else _PRECISIONS[half],
        "max_epochs": config.max_epochs,
        "gradient_clip_val": config.gradient_clip,
        "callbacks": [state],
        "num_sanity_val_steps": 0,
        "inference_mode": False,  # or else what is counted before an epoch could not be counted in it
    }
