"""The datasets that MIEB probes: where each is on the hub, and how large MIEB's table says that it is.

VOC2007 is none of them: its images have several labels, which a probe of one label each cannot be compared with.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from zoograph.data.collections.tables import read_rows, shipped_zoo
from zoograph.data.errors import UnknownName
from zoograph.data.files.hub import hub_or_cache
from zoograph.data.images.sources import task_of
from zoograph.data.images.task import ImageTask, ImageTaskError
from zoograph.data.tasks.loaded import caches, import_datasets
from zoograph.data.tasks.sources import open_task
from zoograph.data.tasks.splits import Split

MIEB_TASKS = "mieb_tasks.csv"
_IMAGE, _LABEL = "image", "label"


class MiebTask(NamedTuple):
    """One dataset as MIEB reads it.

    Attributes:
        dataset: id of the dataset here.
        task: what MIEB calls it.
        hub: repository, on the Hugging Face hub.
        config: of the repository; none for its own default.
        revision: of the repository.
        image, label: columns.
        train, test: splits.
        num_test: images that MIEB tests on.
        num_classes: in its training split.
    """

    dataset: str
    task: str
    hub: str
    config: str
    revision: str
    image: str
    label: str
    train: str
    test: str
    num_test: int
    num_classes: int


@cache
def read_mieb_tasks() -> tuple[MiebTask, ...]:
    """Return the tasks, sorted by dataset."""
    rows = read_rows(shipped_zoo() / MIEB_TASKS, MiebTask._fields)
    return tuple(
        MiebTask(**{**cells, **{name: int(cells[name]) for name in ("num_test", "num_classes")}})  # type: ignore[arg-type]
        for _, cells in rows
    )


def find_mieb_task(dataset: str) -> MiebTask:
    """Return a task by the id of its dataset.

    Raises:
        UnknownName: with the ids of all.
    """
    found = {task.dataset: task for task in read_mieb_tasks()}
    if dataset not in found:
        raise UnknownName("dataset of MIEB", dataset, (), f"It has {', '.join(found)}.")
    return found[dataset]


def open_mieb_task(task: MiebTask, folder: str | None = None) -> ImageTask:
    """Return the images of a task: both splits, those of the test marked.

    Args:
        task: of the table.
        folder: with a folder of images for each dataset, called by its id; None for the hub.

    Raises:
        ImageTaskError: if it has no test images, or others than MIEB.
        ZoographError: if it cannot be had.
    """
    if folder is not None:
        local = open_task(str(Path(folder) / task.dataset))
        if not isinstance(local, ImageTask) or local.is_test is None:
            raise ImageTaskError(
                f"'{Path(folder) / task.dataset}' must hold images in folders of 'train' and 'test' (got none for the "
                "test). Arrange it so."
            )
        return local
    found = _load(task)
    tested = sum(found.is_test or ())
    if tested != task.num_test:
        raise ImageTaskError(
            f"The dataset '{task.hub}' must have the {task.num_test:,} test images of MIEB (got {tested:,}). "
            "Give a folder that has them with '--data'."
        )
    return found


def _load(task: MiebTask) -> ImageTask:
    datasets = import_datasets()
    try:
        with hub_or_cache() as why_not:
            loaded = datasets.load_dataset(task.hub, task.config or None, revision=task.revision)
    except ConnectionError:
        if why_not is None:
            raise
        loaded = None
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        reason = str(error).partition("\n")[0].rstrip(".") if why_not is None else ""
        raise _missing(task, reason or f"{why_not}, and the cache does not have it") from error
    if loaded is None:
        raise _missing(task, f"{why_not}, and the cache does not have it")
    splits = {Split.TRAIN: _plain(loaded[task.train], task), Split.TEST: _plain(loaded[task.test], task)}
    return task_of(splits, task.dataset, f"Hugging Face hub, {task.hub}", None, caches())


def _missing(task: MiebTask, reason: str) -> ImageTaskError:
    return ImageTaskError(
        f"The dataset '{task.hub}' must be on the Hugging Face hub or in its cache (got: {reason}). Allow the network, "
        f"or give a folder that has a folder '{task.dataset}' with '--data'."
    )


def _plain(rows: Any, task: MiebTask) -> Any:
    """Return the images and labels of a split under names of our own; numbers of classes become their names."""
    datasets = import_datasets()
    rows = rows.select_columns([task.image, task.label])
    for column, name in ((task.image, _IMAGE), (task.label, _LABEL)):
        rows = rows if column == name else rows.rename_column(column, name)
    if not isinstance(rows.features[_LABEL], datasets.ClassLabel):
        rows = rows.cast_column(_LABEL, datasets.Value("string"))
    return rows
