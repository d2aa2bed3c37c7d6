"""Linear probes of CLIP's image towers, on ten or 25 images a class and on all of them.

LAION-AI's CLIP_benchmark. Each value is the best of nine settings, chosen on the test images: a little optimistic.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoograph.data.collections.public.open_clip import read_towers, tower_cards, tower_id
from zoograph.data.collections.public_datasets import find_public_dataset
from zoograph.data.collections.tables import make_row, read_rows
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run

SOURCE = "clip-benchmark"

_RUNS = "linear_probe_best.csv"
_ALL_IMAGES = "-1"


def read_clip_benchmark(folder: Path, open_clip: Path) -> Collection:
    """Read the probes; one on all images of the training split is a retrained head.

    Args:
        folder: holds the table.
        open_clip: holds OpenCLIP's tables, which say what timm calls a model.

    Raises:
        RawDataError: if a file is missing or a row does not fit.
        UnknownName: if nobody knows a dataset.
    """
    towers, path = read_towers(open_clip), folder / _RUNS
    names, runs = set(), []
    for line, cells in read_rows(path, ("model", "pretrained", "dataset", "fewshot_k", "best_lp_acc1", "grid_points")):
        everything = cells["fewshot_k"] == _ALL_IMAGES
        fields: dict[str, Any] = {
            "model": tower_id(cells["model"], cells["pretrained"], towers),
            "dataset": find_public_dataset(cells["dataset"]),
            "protocol": Protocol.HEAD if everything else Protocol.PROBE,
            "shots": None if everything else cells["fewshot_k"],
            "value": cells["best_lp_acc1"],
            "hyperparameters": {"settings_tried": int(cells["grid_points"]), "table_name": cells["dataset"]},
            "source": SOURCE,
        }
        names.add((cells["model"], cells["pretrained"]))
        runs.append(make_row(Run, fields, path, line))
    return Collection(models=tuple(tower_cards(open_clip, names)), runs=tuple(runs))
