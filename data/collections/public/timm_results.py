"""timm's own results: every pre-trained weight with a 1000-class head, tested on six ImageNet test sets."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from zoograph.data.collections.tables import make_row, read_rows
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run

SOURCE = "timm-results"

# Dataset -> file, and the images that its values are over; ReaL leaves out the images that got no label. The files
# called `-clean` are about ImageNet's own images of the 200 classes, and left out.
TEST_SETS = {
    "imagenet": ("results-imagenet.csv", 50_000),
    "imagenet-real": ("results-imagenet-real.csv", 46_837),
    "imagenetv2": ("results-imagenetv2-matched-frequency.csv", 10_000),
    "imagenet-a": ("results-imagenet-a.csv", 7_500),
    "imagenet-r": ("results-imagenet-r.csv", 30_000),
    "imagenet-sketch": ("results-sketch.csv", 50_889),
}


def read_timm_results(folder: Path) -> Collection:
    """Read the runs; a weight that was tested at two image sizes has two runs on each test set.

    Args:
        folder: holds the six files.

    Raises:
        RawDataError: if a file is missing or a row does not fit.
    """
    runs = []
    for dataset, (name, test_size) in TEST_SETS.items():
        path = folder / name
        for line, cells in read_rows(path, ("model", "img_size", "top1")):
            fields: dict[str, Any] = {
                "model": cells["model"],
                "dataset": dataset,
                "protocol": Protocol.NATIVE,
                "value": fraction(cells["top1"]),
                "test_size": test_size,
                "input_size": cells["img_size"],
                "source": SOURCE,
            }
            runs.append(make_row(Run, fields, path, line))
    return Collection(runs=tuple(runs))


def fraction(percent: str) -> float:
    """Return percent as a fraction, with exactly the digits that were published.

    >>> fraction("90.056")
    0.90056
    """
    return float(Decimal(percent).scaleb(-2))
