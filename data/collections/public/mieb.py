"""MIEB: logistic regressions on 16 images a class, and zero-shot classification, of image and image-text encoders.

The massive image embedding benchmark: Xiao et al., "MIEB: Massive Image Embedding Benchmark", ICCV 2025.
"""

from __future__ import annotations

from pathlib import Path
from statistics import stdev
from typing import Any

from zoograph.data.collections.public.embedding_models import embedding_model_card
from zoograph.data.collections.public_datasets import find_public_dataset
from zoograph.data.collections.tables import make_row, read_rows
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Metric, Protocol, Run

SOURCE = "mieb"
SHOTS = 16

_RUNS, _DATASETS, _MODELS, _TO_TIMM = (
    "mieb_image_classification.csv",
    "mieb_datasets.csv",
    "mieb_models.csv",
    "mieb_to_timm.csv",
)
_CLUSTERING = "Clustering"
# The right answer is several labels: how often all of them are right says nothing, how they are ranked does.
_MULTI_LABEL = frozenset({"VOC2007"})


def read_mieb(folder: Path) -> Collection:
    """Read probes and zero-shot classifications; clusterings are left out, because they are no transfer.

    A probe is the mean over repeats with different draws of the images, usually five; their standard deviation is kept
    beside it as ``spread``, and so is the revision of the model. An image tower that timm has is the node of timm's
    weight.

    Args:
        folder: holds the four files.

    Raises:
        RawDataError: if a file is missing or a row does not fit.
        UnknownName: if nobody knows a dataset.
    """
    towers = read_towers(folder)
    rows = read_rows(folder / _DATASETS, ("task", "split", "num_samples", "num_labels"))
    sizes = {(row["task"], row["split"]): (int(row["num_samples"]), int(row["num_labels"])) for _, row in rows}
    path, runs = folder / _RUNS, []
    for line, cells in read_rows(path, ("model", "revision", "task", "split", "accuracy", "lrap", "n_exp", "exp_acc")):
        if not cells["task"].endswith(_CLUSTERING):
            size = sizes.get((cells["task"], cells["split"]))
            runs.append(make_row(Run, _fields(cells, towers, size), path, line))
    path = folder / _MODELS
    cards = [
        embedding_model_card(cells, SOURCE, path, line, modality="image")
        for line, cells in read_rows(path, ("model", "n_parameters"))
        if cells["model"] not in towers
    ]
    return Collection(models=tuple(cards), runs=tuple(runs))


def read_towers(folder: Path) -> dict[str, str]:
    """Return the weight of timm that is the image tower of each model, where there is one."""
    return {cells["mieb_model"]: cells["timm_name"] for _, cells in read_rows(folder / _TO_TIMM, ("mieb_model",))}


def _fields(cells: dict[str, str], towers: dict[str, str], size: tuple[int, int] | None) -> dict[str, Any]:
    test_size, num_labels = size or (None, None)
    multi_label = cells["task"] in _MULTI_LABEL
    fields: dict[str, Any] = {
        "model": towers.get(cells["model"], cells["model"]),
        "dataset": find_public_dataset(cells["task"]),
        "protocol": Protocol.ZERO_SHOT,
        "metric": Metric.LRAP if multi_label else Metric.TOP1,
        "value": round(float(cells["lrap" if multi_label else "accuracy"]), 6),
        "test_size": test_size,
        "hyperparameters": {"revision": cells["revision"]},
        "source": SOURCE,
    }
    if cells["n_exp"] == "0":
        return fields
    repeats = [float(value) for value in cells["exp_acc"].split("|") if value]
    spread = {} if multi_label or len(repeats) < 2 else {"spread": round(stdev(repeats), 5)}
    return fields | {
        "protocol": Protocol.PROBE,
        "shots": SHOTS,
        "train_size": SHOTS * num_labels if num_labels else None,
        "repeats": cells["n_exp"],
        "hyperparameters": {**spread, **fields["hyperparameters"]},
    }
