"""Published masks: which cells of a collection a protocol shows, so that its numbers can be compared."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from zoograph.data.collections.tables import shipped_zoo
from zoograph.data.errors import RawDataError
from zoograph.data.files.atomic import replace_file

DOMAINNET_MASKS = "domainnet_masks.csv"
_COLUMNS = ("mask", "dataset", "observed")


class Masks(NamedTuple):
    """Masks of one collection.

    Attributes:
        models: ids of the rows, sorted.
        datasets: ids of the columns, sorted.
        observed: (num masks, num models, num datasets) bool, True where the record is known.
    """

    models: tuple[str, ...]
    datasets: tuple[str, ...]
    observed: np.ndarray


def convert_masks(archive: Path, models: list[str], datasets: list[str]) -> Masks:
    """Read the raw masks, whose rows and columns are in the order of the accuracy matrix.

    Args:
        archive: an ``.npz`` file with one array ``observed``.
        models: ids of the matrix rows, in file order.
        datasets: ids of the matrix columns, in file order.

    Raises:
        RawDataError: if the file is no such archive, or has another shape.
    """
    try:
        with np.load(archive, allow_pickle=False) as arrays:
            observed = arrays["observed"].astype(bool)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise RawDataError(f"The masks '{archive}' need to be an array 'observed' (got: {error}).") from error
    if observed.shape[1:] != (len(models), len(datasets)):
        raise RawDataError(
            f"The masks '{archive}' need {len(models)} rows and {len(datasets)} columns (got {observed.shape[1:]})."
        )
    rows, columns = np.argsort(models), np.argsort(datasets)
    return Masks(tuple(sorted(models)), tuple(sorted(datasets)), observed[:, rows][:, :, columns])


def write_masks(masks: Masks, path: Path) -> None:
    """Write masks as a table: a row a mask and dataset, ``observed`` a digit a model, models sorted by id."""
    lines = [",".join(_COLUMNS)]
    for number, mask in enumerate(masks.observed):
        lines += [
            f"{number},{dataset},{''.join('1' if seen else '0' for seen in mask[:, column])}"
            for column, dataset in enumerate(masks.datasets)
        ]
    replace_file(path, "\n".join([f"# models: {' '.join(masks.models)}", *lines]) + "\n")


def read_masks(path: Path | None = None) -> Masks:
    """Return the masks in ``path``, by default the ten that ship for DomainNet."""
    path = path or shipped_zoo() / DOMAINNET_MASKS
    with path.open(encoding="utf-8", newline="") as file:
        models = tuple(file.readline().removeprefix("# models: ").split())
        rows = list(csv.DictReader(file))
    datasets = tuple(dict.fromkeys(row["dataset"] for row in rows))
    bits = np.array([[digit == "1" for digit in row["observed"]] for row in rows])
    return Masks(models, datasets, bits.reshape(-1, len(datasets), len(models)).transpose(0, 2, 1))
