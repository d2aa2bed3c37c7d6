"""Lightning's checkpoints as safetensors and JSON, whole or not there: what a file says is never run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.plugins.io import CheckpointIO
from torch import Tensor

from zoograph.data.errors import ZoographError
from zoograph.data.files.tensors import load_tensors, save_tensors

CHECKPOINT = "checkpoint.safetensors"
_TENSOR, _PAIRS = "tensor", "pairs"
Plain = None | bool | int | float | str


class SafeCheckpoints(CheckpointIO):  # type: ignore[misc]
    """Writes and reads the state of a run: weights, optimizer, schedule, and how far it went."""

    def save_checkpoint(self, checkpoint: Mapping[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write a checkpoint in the place of the one before."""
        tensors: dict[str, Tensor] = {}
        about = {"checkpoint": _packed(checkpoint, tensors)}
        save_tensors(Path(path), tensors, about)

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read a checkpoint onto the CPU.

        Raises:
            ZoographError: if the file is damaged.
        """
        try:
            tensors, about = load_tensors(Path(path))
            state: dict[str, Any] = _unpacked(about["checkpoint"], tensors)
        except (ValueError, KeyError, TypeError) as error:
            raise ZoographError(
                f"'{path}' must be a checkpoint of this training (got: {error}). Remove it to begin anew."
            ) from error
        return state

    def remove_checkpoint(self, path: str | Path) -> None:
        """Remove a checkpoint, if it is there."""
        Path(path).unlink(missing_ok=True)


class KeepCheckpoint(L.Callback):  # type: ignore[misc]
    """Writes one checkpoint every so many steps, and after the last.

    Args:
        path: of the file.
        every: steps.
    """

    def __init__(self, path: Path, every: int) -> None:
        self.path, self.every = path, every

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, *_: object) -> None:
        """Write it if it is time; all processes take part, and one writes."""
        if trainer.global_step % self.every == 0 or trainer.global_step == trainer.num_training_batches:
            trainer.save_checkpoint(self.path)


def _packed(value: Any, tensors: dict[str, Tensor]) -> Any:
    """Return what JSON can hold; tensors are put aside under a number."""
    if isinstance(value, Tensor):
        name = str(len(tensors))
        tensors[name] = value
        return {_TENSOR: name}
    if isinstance(value, Mapping):
        return {_PAIRS: [[key, _packed(part, tensors)] for key, part in value.items()]}
    if isinstance(value, list | tuple):
        return [_packed(part, tensors) for part in value]
    if isinstance(value, Plain):
        return value
    raise TypeError(f"A checkpoint must hold tensors and plain values (got '{type(value).__name__}').")


def _unpacked(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_unpacked(part, tensors) for part in value]
    if isinstance(value, dict):
        if _TENSOR in value:
            return tensors[value[_TENSOR]]
        return {key: _unpacked(part, tensors) for key, part in value[_PAIRS]}
    return value
