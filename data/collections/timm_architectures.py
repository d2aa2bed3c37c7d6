"""The shipped table of timm's networks: counted figures, joined with timm's measured speeds."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

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
_MEASURED = ("model", "infer_img_size", "infer_samples_per_sec")


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


def _count(name: str) -> NetworkFigures:
    import torch

    timm = import_timm()
    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")
        network = timm.create_model(name, pretrained=False)
    return count_figures(network, timm.get_pretrained_cfg(name).input_size)
