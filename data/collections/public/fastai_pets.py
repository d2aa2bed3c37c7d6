"""Fine-tuning of timm's models on Oxford-IIIT Pets with fastai: five epochs at 224 pixels.

Thomas Capelle's runs (tcapelle/fastai_timm, 2022). Learning rates and poolings differ between rows of one model without
a column that says so: the rows are repeats of a pair.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoograph.data.collections.tables import make_row, read_rows
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run

SOURCE = "fastai-pets"

_RUNS, _TO_TIMM = "fastai_pets.csv", "fastai_to_timm.csv"
_IMAGES, _TESTED = 7_390, 1_478  # a fifth of all images, drawn at random
_EPOCHS, _INPUT_SIZE = 5, 224


def read_fastai_pets(folder: Path) -> Collection:
    """Read the runs.

    Args:
        folder: holds the two files.

    Raises:
        RawDataError: if a file is missing or a row does not fit.
    """
    names = {cells["fastai_name"]: cells["timm_name"] for _, cells in read_rows(folder / _TO_TIMM, ("fastai_name",))}
    path, runs = folder / _RUNS, []
    for line, cells in read_rows(path, ("dataset", "model_name", "error_rate", "fit_time", "GPU_mem")):
        if not cells["error_rate"]:  # it crashed before it had a result
            continue
        # An error rate is a number of images; the digits behind it are noise of the division.
        right = _TESTED - round(float(cells["error_rate"]) * _TESTED)
        fields: dict[str, Any] = {
            "model": names.get(cells["model_name"], cells["model_name"]),
            "dataset": cells["dataset"],
            "protocol": Protocol.FINETUNE,
            "value": round(right / _TESTED, 6),
            "train_size": _IMAGES - _TESTED,
            "test_size": _TESTED,
            "input_size": _INPUT_SIZE,
            "hyperparameters": {"epochs": _EPOCHS, **_costs(cells)},
            "source": SOURCE,
        }
        runs.append(make_row(Run, fields, path, line))
    return Collection(runs=tuple(runs))


def _costs(cells: dict[str, str]) -> dict[str, float]:
    """Return seconds and gigabytes of the training, where they were noted."""
    columns = {"seconds": ("fit_time", 1), "gpu_memory_gb": ("GPU_mem", 2)}
    return {name: round(float(cells[key]), digits) for name, (key, digits) in columns.items() if cells[key]}
