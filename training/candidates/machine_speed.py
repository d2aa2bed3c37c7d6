"""How fast this machine is: images a second of a few networks, measured once and kept."""

from __future__ import annotations

import platform
import time
from pathlib import Path
from typing import Any, NamedTuple

import torch

from zoograph.data.files.kept import keep_facts
from zoograph.data.home import get_home
from zoograph.data.networks.registry.timm_names import import_timm
from zoograph.training.runtime.progress import Progress

# timm's default weights of each architecture, from small to middling and of several kinds.
NETWORKS = {
    "mobilenetv3_small_100.lamb_in1k": 224,
    "efficientnet_b0.ra_in1k": 224,
    "resnet18.a1_in1k": 224,
    "resnet50.a1_in1k": 224,
    "vit_tiny_patch16_224.augreg_in21k_ft_in1k": 224,
    "vit_small_patch16_224.augreg_in21k_ft_in1k": 224,
    "convnext_tiny.in12k_ft_in1k": 224,
    "vit_base_patch16_224.augreg2_in21k_ft_in1k": 224,
}
"""Ids of the models that are measured, and sides of the images; weights are drawn at random, as any cost the same."""

_SECONDS = 1.5
_MOST_PASSES = 50


class MachineSpeed(NamedTuple):
    """What was measured.

    Attributes:
        kind: ``cpu`` or ``cuda``.
        name: of the processor, with its threads.
        speeds: model -> images a second of a forward pass.
    """

    kind: str
    name: str
    speeds: dict[str, float]


def measure_machine(progress: Progress | None = None, folder: Path | None = None) -> MachineSpeed:
    """Return the speed of this machine, measured on the first call and read from a file from then on.

    On CPUs in float32, one image at a time; on a GPU in batches of 64 with automatic mixed precision, as the named
    devices of the cards were measured.

    Args:
        progress: called with (networks measured, networks in all).
        folder: of the files, one for each machine; default: ``<home>/cache/speed``.
    """
    kind, name = _describe_machine()
    folder = get_home() / "cache" / "speed" if folder is None else folder
    file = "".join(letter if letter.isalnum() else "-" for letter in f"{kind}-{name}")
    facts = keep_facts(folder / f"{file}.json", lambda: _measure(kind, progress))
    return MachineSpeed(kind, name, {str(model): float(speed) for model, speed in facts["speeds"].items()})


def _describe_machine() -> tuple[str, str]:
    if torch.cuda.is_available():
        return "cuda", str(torch.cuda.get_device_name())
    return "cpu", f"{_processor_name()}, {torch.get_num_threads()} threads"


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine() or "processor"


def _measure(kind: str, progress: Progress | None) -> dict[str, Any]:
    speeds = {}
    for done, (model, side) in enumerate(NETWORKS.items()):
        if progress is not None:
            progress(done, len(NETWORKS))
        speeds[model] = _images_per_second(model.partition(".")[0], side, kind)
    return {"speeds": speeds}


def _images_per_second(architecture: str, side: int, kind: str) -> float:
    """Return the median over forward passes."""
    network = import_timm().create_model(architecture, pretrained=False).eval().to(kind)
    images = torch.randn(64 if kind == "cuda" else 1, 3, side, side, device=kind)
    seconds: list[float] = []
    with torch.inference_mode(), torch.autocast(kind, enabled=kind == "cuda"):
        network(images)  # the first pass sets things up
        while len(seconds) < 3 or (sum(seconds) < _SECONDS and len(seconds) < _MOST_PASSES):
            if kind == "cuda":
                torch.cuda.synchronize()
            begin = time.perf_counter()
            network(images)
            if kind == "cuda":
                torch.cuda.synchronize()
            seconds.append(time.perf_counter() - begin)
    return len(images) / sorted(seconds)[len(seconds) // 2]
