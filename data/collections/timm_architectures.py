"""The shipped table of timm's networks: counted figures, joined with timm's measured speeds and checked by them."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from zoograph.data.collections.tables import read_rows
from zoograph.data.files.atomic import replace_file
from zoograph.data.networks.registry.architecture_table import COLUMNS, DEVICES, ArchitectureRow, Key, format_size
from zoograph.data.networks.registry.figures import NetworkFigures, count_figures
from zoograph.data.networks.registry.timm_names import import_timm, published_weights
from zoograph.data.records.pretraining import Speed

# timm's tables of speeds, in the order of the devices.
BENCHMARKS = (
    "benchmark-infer-amp-nchw-pt291-cu130-5090.csv",
    "benchmark-infer-amp-nchw-pt291-cu128-4090.csv",
    "benchmark-infer-fp32-nchw-pt240-cpu-i7_12700h-dynamo.csv",
)
# Networks are measured on GPUs after branches and norms were fused, so that figures are checked as they are on the CPU.
_UNFUSED_FIRST = (BENCHMARKS[2], *BENCHMARKS[:2])
_MEASURED = ("model", "infer_img_size", "infer_samples_per_sec", "param_count", "infer_gmacs", "infer_macts")
# Half a unit of the tables' last digit, and what norms and activations add to multiply-accumulates.
_ROUNDING = 0.0051
_EXTRA_GMACS = 0.06


class Contradiction(NamedTuple):
    """A figure that was counted otherwise than timm's table has it.

    Attributes:
        architecture: timm's name.
        input_size: side of the images.
        figure: ``parameters`` in millions, ``gmacs`` or ``activations``.
        counted: on the meta device.
        published: in timm's table.
    """

    architecture: str
    input_size: str
    figure: str
    counted: float
    published: float


def make_architecture_table(
    folder: Path, known: Mapping[Key, ArchitectureRow] | None = None
) -> dict[Key, ArchitectureRow]:
    """Return a row for every network that timm has published weights of, in the order of their keys.

    Args:
        folder: timm's tables of results.
        known: rows that were counted before: their figures are taken as they are.
    """
    speeds = {
        (cells["model"], cells["infer_img_size"], device): float(cells["infer_samples_per_sec"])
        for device, name in zip(DEVICES, BENCHMARKS, strict=True)
        for _, cells in read_rows(folder / name, _MEASURED)
    }
    table = {}
    for key, name in sorted(_networks().items()):
        figures = known[key].figures if known and key in known else _count(name)
        measured = ((device, speeds.get((key[0], key[1], device))) for device in DEVICES)
        table[key] = ArchitectureRow(
            figures, tuple(Speed(device=device, images_per_second=speed) for device, speed in measured if speed)
        )
    return table


def find_contradictions(table: Mapping[Key, ArchitectureRow], folder: Path) -> list[Contradiction]:
    """Return where the counted figures and timm's tables differ by more than rounding.

    Only networks with a head for ImageNet's classes, or the only head that they have, are compared.
    """
    published: dict[tuple[str, str], dict[str, str]] = {}
    for name in _UNFUSED_FIRST:
        for _, cells in read_rows(folder / name, _MEASURED):
            published.setdefault((cells["model"], cells["infer_img_size"]), cells)
    heads = _default_heads()
    found = []
    for (architecture, size, classes), row in table.items():
        if (architecture, size) not in published or heads[architecture] != classes:
            continue
        cells = published[architecture, size]
        figures = row.figures
        for figure, counted, text, slack in (
            ("parameters", figures.parameters / 1e6, cells["param_count"], 0.0),
            ("gmacs", figures.gmacs, cells["infer_gmacs"], _EXTRA_GMACS),
            ("activations", figures.activations, cells["infer_macts"], 0.0),
        ):
            value = float(text.replace(",", ""))
            if counted is not None and abs(counted - value) > _ROUNDING + slack * value:
                found.append(Contradiction(architecture, size, figure, round(counted, 4), value))
    return found


def write_architecture_table(table: Mapping[Key, ArchitectureRow], path: Path) -> None:
    """Write the table in one step; counts of operations are rounded to six digits."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([*key, *_cells(row)] for key, row in table.items())
    replace_file(path, buffer.getvalue())


def _cells(row: ArchitectureRow) -> Iterable[str]:
    figures, speeds = row.figures, {speed.device: speed.images_per_second for speed in row.speeds}
    yield str(figures.parameters)
    yield str(figures.num_features)
    yield "" if figures.gmacs is None else f"{figures.gmacs:.6g}"
    yield "" if figures.activations is None else f"{figures.activations:.6g}"
    for device in DEVICES:
        yield f"{speeds[device]:g}" if device in speeds else ""


def _networks() -> dict[Key, str]:
    """Return each network that weights are published for, and the name of some of them."""
    networks: dict[Key, str] = {}
    for name in sorted(published_weights()):
        config = import_timm().get_pretrained_cfg(name)
        networks.setdefault((name.partition(".")[0], format_size(config.input_size), config.num_classes), name)
    return networks


def _default_heads() -> dict[str, int]:
    """Return how many classes timm's default weights of each architecture have: what it measured."""
    architectures = {name.partition(".")[0] for name in published_weights()}
    return {name: import_timm().get_pretrained_cfg(name).num_classes for name in architectures}


def _count(name: str) -> NetworkFigures:
    import torch

    timm = import_timm()
    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")
        network = timm.create_model(name, pretrained=False)
    return count_figures(network, timm.get_pretrained_cfg(name).input_size)
