"""Images that are easy to tell apart, small networks with weights in files, and a machine whose speed is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from zoograph.data.files.optional_imports import import_torchvision
from zoograph.training.candidates.machine_speed import MachineSpeed
from zoograph.training.choosing import choose_model as module

ARCHITECTURES = ("test_resnet", "test_vit")


@pytest.fixture
def photos(tmp_path: Path, paint_classes: Callable[[Path], Path]) -> Path:
    """A folder of 3 x 10 images whose classes have a tint each."""
    return paint_classes(tmp_path / "photos")


@pytest.fixture
def weights_dir(tmp_path: Path) -> Path:
    """A folder with weights of two small networks, called as timm calls the published ones."""
    import_torchvision()
    import timm

    folder = tmp_path / "weights"
    folder.mkdir()
    torch.manual_seed(0)
    for name in ARCHITECTURES:
        tag = timm.get_pretrained_cfg(name).tag
        save_file(timm.create_model(name).state_dict(), folder / f"{name}.{tag}.safetensors")
    return folder


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A callable that sets the images a second of this machine; 1,000 until it is called."""

    def set_speed(speed: float) -> None:
        made = MachineSpeed("cpu", "toy", {"a": speed})
        monkeypatch.setattr(module, "measure_machine", lambda progress: made)

    class Speeds(dict[str, float]):
        def get(self, name: str, default: float | None = None) -> float | None:  # type: ignore[override]
            return self["all"]

    def estimate(cards: object, measured: dict[str, float], kind: str) -> object:
        return type("Estimate", (), {"speeds": Speeds(all=measured["a"])})()

    monkeypatch.setattr(module, "estimate_speeds", estimate)
    set_speed(1_000.0)
    return set_speed
