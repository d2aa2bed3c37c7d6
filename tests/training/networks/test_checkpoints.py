"""Checkpoints: what comes back is what was put in, and nothing in a file is run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.training.networks.checkpoints import KeepCheckpoint, SafeCheckpoints


def test_nested_state_comes_back_with_its_keys_and_types(tmp_path: Path) -> None:
    state = {"step": 3, "optimizer": [{"state": {0: {"mean": torch.tensor([1.5])}}, "betas": [0.9, None]}], "on": True}
    path = tmp_path / "x.safetensors"
    SafeCheckpoints().save_checkpoint(state, path)
    found = SafeCheckpoints().load_checkpoint(path)
    assert found["optimizer"][0]["state"][0]["mean"].tolist() == [1.5]
    assert (found["step"], found["on"], found["optimizer"][0]["betas"]) == (3, True, [0.9, None])
    SafeCheckpoints().remove_checkpoint(path)
    assert not path.exists()


def test_what_is_neither_tensor_nor_plain_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"tensors and plain values \(got 'SimpleNamespace'\)"):
        SafeCheckpoints().save_checkpoint({"x": SimpleNamespace()}, tmp_path / "x.safetensors")
    assert not (tmp_path / "x.safetensors").exists()


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    SafeCheckpoints().save_checkpoint({"x": torch.ones(4)}, path)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ZoographError, match=r"must be a checkpoint .*Remove it to begin anew"):
        SafeCheckpoints().load_checkpoint(path)


def test_a_checkpoint_is_kept_every_so_many_steps_and_at_the_end() -> None:
    kept: list[int] = []
    for step in range(1, 8):
        trainer: Any = SimpleNamespace(
            global_step=step, num_training_batches=7, save_checkpoint=lambda _, step=step: kept.append(step)
        )
        KeepCheckpoint(Path("x"), 3).on_train_batch_end(trainer, None)  # type: ignore[arg-type]
    assert kept == [3, 6, 7]
