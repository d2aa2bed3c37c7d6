"""The shipped table of figures of timm's networks: size and cost of each as it was pre-trained, and speeds."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from zoograph.data.networks.registry.figures import NetworkFigures
from zoograph.data.records.pretraining import Speed

ARCHITECTURE_TABLE = "timm_architectures.csv"
DEVICES = ("rtx_5090_amp", "rtx_4090_amp", "i7_12700h_fp32")
COLUMNS = (
    "architecture",
    "input_size",
    "num_classes",
    "parameters",
    "num_features",
    "gmacs",
    "activations",
    *DEVICES,
)


Key = tuple[str, str, int]
"""Architecture, image size and number of classes."""


@dataclass(frozen=True)
class ArchitectureRow:
    """One network, with the head and for the image size of some published weights.

    Attributes:
        figures: parameters, multiply-accumulates, activations and width, counted.
        speeds: images a second on named devices, as timm measured them at this image size.
    """

    figures: NetworkFigures
    speeds: tuple[Speed, ...] = ()


def find_architecture_row(architecture: str, size: Sequence[int], num_classes: int) -> ArchitectureRow | None:
    """Return what the shipped table knows of a network; ``None`` if it came later than the table.

    Args:
        architecture: timm's name without a tag.
        size: channels, height and width of the images.
        num_classes: outputs of the head, 0 for none.
    """
    return read_architecture_table().get((architecture, format_size(size), num_classes))


def format_size(size: Sequence[int]) -> str:
    """Return the side of square images, or else height and width.

    >>> format_size((3, 224, 224)), format_size((3, 1024, 768))
    ('224', '1024x768')
    """
    _, height, width = size
    return str(height) if height == width else f"{height}x{width}"


@cache
def read_architecture_table(path: Path | None = None) -> Mapping[Key, ArchitectureRow]:
    """Return the rows of the table by architecture, image size and number of classes.

    Args:
        path: default: the table that ships.
    """
    path = path or Path(__file__).parents[2] / "zoo" / ARCHITECTURE_TABLE
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (row["architecture"], row["input_size"], int(row["num_classes"])): _read_row(row)
            for row in csv.DictReader(file)
        }


def _read_row(row: Mapping[str, str]) -> ArchitectureRow:
    figures = NetworkFigures(
        parameters=int(row["parameters"]),
        num_features=int(row["num_features"]),
        gmacs=float(row["gmacs"]) if row["gmacs"] else None,
        activations=float(row["activations"]) if row["activations"] else None,
    )
    speeds = (Speed(device=device, images_per_second=float(row[device])) for device in DEVICES if row[device])
    return ArchitectureRow(figures, tuple(speeds))
