"""A Lightning trainer without banners, logger and progress bar, whose Ctrl-C stays an interrupt."""

from __future__ import annotations

import logging
import signal
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import lightning as L
import torch
from lightning.pytorch.strategies import DDPStrategy
from torch.utils.data import DataLoader, IterableDataset

CPU = torch.device("cpu")


class QuietDDP(DDPStrategy):  # type: ignore[misc]
    """Data-parallel training by new processes on the CPU, which talk by gloo and keep to themselves otherwise."""

    def __init__(self) -> None:
        super().__init__(process_group_backend="gloo", start_method="spawn")

    def setup_environment(self) -> None:
        """See Lightning; this runs in each of the processes."""
        _hush()
        torch.set_num_threads(1)
        super().setup_environment()


def _hush() -> None:
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)


@contextmanager
def quiet_trainer(**settings: Any) -> Iterator[L.Trainer]:
    """Yield a trainer with these settings that keeps to itself, and whose Ctrl-C stays one."""
    _hush()
    before = signal.getsignal(signal.SIGINT)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"lightning\..*")
        warnings.filterwarnings("ignore", message=".*num_workers.*")
        try:
            yield L.Trainer(
                **{"accelerator": "cpu", "devices": 1, **settings},
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
            )
        except SystemExit as stopped:
            # Lightning makes an exit of its own out of Ctrl-C, and then ignores every further one.
            signal.signal(signal.SIGINT, before)
            raise KeyboardInterrupt from stopped


def fit_quietly(
    module: L.LightningModule,
    steps: IterableDataset[object] | Iterable[object],
    gradient_clip: float | None = None,
    device: torch.device = CPU,
) -> None:
    """Train ``module`` on every one of ``steps`` once, with gradients clipped at that norm.

    It is trained on the device, and on the CPU again afterwards.
    """
    with quiet_trainer(**accelerator(device), max_epochs=1, gradient_clip_val=gradient_clip) as trainer:
        trainer.fit(module, DataLoader(steps, batch_size=None))  # type: ignore[arg-type]
    module.cpu()


def accelerator(device: torch.device) -> dict[str, Any]:
    """Return the settings of a trainer that put it on a device."""
    if device.type == "cuda":
        return {"accelerator": "gpu", "devices": [device.index or 0]}
    return {"accelerator": device.type, "devices": 1}
