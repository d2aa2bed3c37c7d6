"""MTEB's classification tasks that the zoo knows: which part of each is measured, on how many images or texts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from zoograph.data.collections.public import mieb, mteb_text
from zoograph.data.collections.tables import read_rows, read_table, shipped_zoo
from zoograph.data.files.atomic import replace_file
from zoograph.data.records.cards import Modality
from zoograph.data.records.fields import Count, Name
from zoograph.data.records.records import Protocol

TASK_TABLE = "mteb_tasks.csv"

_ZERO_SHOT_KIND = "ZeroShotClassification"


class MtebTask(BaseModel):
    """One task, and the part of it that the zoo's runs are about.

    Attributes:
        task: name of MTEB.
        modality: of its dataset.
        protocol: of its runs.
        split: that is measured.
        subset: of the dataset on the hub, such as a language.
        test_size: images or texts of the split.
        shots: images of each class that a probe learns from; None where that is not stated.
        train_size: images that a probe learns from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Name
    modality: Modality
    protocol: Protocol
    split: Name
    subset: Name
    test_size: Count | None = None
    shots: Count | None = None
    train_size: Count | None = None

    @property
    def source(self) -> str:
        """The collection that its runs belong to."""
        return mieb.SOURCE if self.modality is Modality.IMAGE else mteb_text.SOURCE


def make_task_table(raw: Path) -> tuple[MtebTask, ...]:
    """Return the tasks of the two collections of MTEB, sorted by name.

    Args:
        raw: folder of the public tables: ``mieb`` and ``mteb_text``.

    Raises:
        RawDataError: if a table is missing.
    """
    return tuple(sorted((*_image_tasks(raw / "mieb"), *_text_tasks(raw / "mteb_text")), key=lambda task: task.task))


def write_task_table(tasks: Iterable[MtebTask], path: Path) -> None:
    """Write the table in one step."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(MtebTask.model_fields)
    writer.writerows([task.model_dump(mode="json").values() for task in tasks])
    replace_file(path, buffer.getvalue())


@cache
def read_task_table() -> Mapping[str, MtebTask]:
    """Return the tasks of the shipped table by name."""
    return {row.task: row for row in read_table(shipped_zoo() / TASK_TABLE, MtebTask)}


def _image_tasks(folder: Path) -> Iterable[MtebTask]:
    kinds = {
        (row["task"], row["split"]): row
        for _, row in read_rows(folder / "mieb_datasets.csv", ("task", "kind", "split", "num_samples", "num_labels"))
    }
    results = read_rows(folder / "mieb_image_classification.csv", ("task", "split", "subset"))
    for task, split, subset in sorted({(row["task"], row["split"], row["subset"]) for _, row in results}):
        if (task, split) not in kinds:  # clusterings
            continue
        row = kinds[task, split]
        zero_shot = row["kind"] == _ZERO_SHOT_KIND
        yield MtebTask(
            task=task,
            modality=Modality.IMAGE,
            protocol=Protocol.ZERO_SHOT if zero_shot else Protocol.PROBE,
            split=split,
            subset=subset,
            test_size=int(row["num_samples"]),
            shots=None if zero_shot else mieb.SHOTS,
            train_size=None if zero_shot else mieb.SHOTS * int(row["num_labels"]),
        )


def _text_tasks(folder: Path) -> Iterable[MtebTask]:
    sizes = {
        row["task"]: int(row["num_samples"])
        for _, row in read_rows(folder / "datasets.csv", ("task", "split", "num_samples"))
        if row["split"] == mteb_text.SPLIT
    }
    results = read_rows(folder / "runs.csv", ("task", "subset"))
    for task, subset in sorted({(row["task"], row["subset"]) for _, row in results}):
        yield MtebTask(
            task=task,
            modality=Modality.TEXT,
            protocol=Protocol.PROBE,
            split=mteb_text.SPLIT,
            subset=subset,
            test_size=sizes.get(task),
        )
