"""Classification tasks as small grey images in memory: what many small networks are trained on and transferred to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zoograph.data.collections.glyphs.drawing import SIDE, Image8
from zoograph.data.collections.glyphs.models import CORPORA, to_input
from zoograph.data.collections.glyphs.plan import full_plan
from zoograph.data.collections.glyphs.tasks import make_pool
from zoograph.data.errors import ZoographError
from zoograph.data.files.kept import keep_tensors
from zoograph.data.files.tensors import hash_tensors, load_tensors
from zoograph.data.images.reading.unreadable import Unreadable
from zoograph.data.images.task import ImageTask
from zoograph.data.records.cards import Modality
from zoograph.data.tasks.sources import open_task
from zoograph.data.tasks.stratified import held_out_rows

TRAIN_PER_CLASS = {"latin": 40, "eastern": 60, "symbols": 60}
"""Training images of a class of each corpus: more where they are of many kinds."""

TEST_PER_CLASS = 20
"""Test images of a class of a corpus or of a task of glyphs."""

_HELD_OUT = 0.3
_MOST_IMAGES = 4000


@dataclass(frozen=True, eq=False)
class SmallTask:
    """Images that fit in memory, and their classes.

    Attributes:
        id: of the dataset.
        classes: names; a label is a place in them.
        train_images: (N, S, S) uint8.
        train_labels: (N,)
        test_images: (M, S, S) uint8, never trained on.
        test_labels: (M,)
        train_names: (N,) what each image is called, such as its file; empty where images have no names.
        test_names: (M,)
    """

    id: str
    classes: tuple[str, ...]
    train_images: Image8
    train_labels: NDArray[np.int64]
    test_images: Image8
    test_labels: NDArray[np.int64]
    train_names: tuple[str, ...] = ()
    test_names: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Tells these images and labels from others; names do not count."""
        return hash_tensors(self._tensors())[:12]

    def inputs(self, part: str, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return the ``train`` or ``test`` images as networks take them, and their labels."""
        images, labels = getattr(self, f"{part}_images"), getattr(self, f"{part}_labels")
        return to_input(images).to(device), torch.from_numpy(labels).to(device)

    def save(self, folder: Path) -> Path:
        """Write the task to a file named after its digest, if it is not there as it was written."""
        path = folder / f"{self.digest}.safetensors"
        keep_tensors(path, lambda: (self._tensors(), {"id": self.id, "classes": list(self.classes)}))
        return path

    def _tensors(self) -> dict[str, Tensor]:
        names = ("train_images", "train_labels", "test_images", "test_labels")
        return {name: torch.from_numpy(getattr(self, name)) for name in names}


@lru_cache(maxsize=16)
def load_small_task(path: Path) -> SmallTask:
    """Read what :meth:`SmallTask.save` wrote.

    Raises:
        ZoographError: if the file is damaged.
    """
    try:
        tensors, about = load_tensors(path)
    except (OSError, ValueError) as error:
        raise ZoographError(f"'{path}' must be a task as it was saved (got: {error}). Remove it.") from error
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    return SmallTask(
        about["id"],
        tuple(about["classes"]),
        arrays["train_images"],
        arrays["train_labels"],
        arrays["test_images"],
        arrays["test_labels"],
    )


def open_small_task(name: str) -> SmallTask:
    """Return what a name leads to: a corpus of glyphs, a task of the glyph zoo, or a dataset of images.

    Images of datasets are made grey and 32 x 32; of more than 4,000 a stratified sample is taken. Of those without
    test images of their own, 30 % of each class are held out.

    Args:
        name: ``latin``, ``eastern`` or ``symbols``; an id such as ``glyph_outline_b32_50``; or what
            :func:`zoograph.data.tasks.sources.open_task` takes.

    Raises:
        ZoographError: if there is no such dataset, or if too many of its images cannot be read.
    """
    if name in CORPORA:
        return corpus_task(name)
    known = {task.id for task in full_plan().tasks}
    return glyph_task(name) if name in known else from_images(open_images(name))


def corpus_task(name: str) -> SmallTask:
    """Return the first images of each class of a corpus."""
    corpus = replace(CORPORA[name], train_per_class=TRAIN_PER_CLASS[name], test_per_class=TEST_PER_CLASS)
    labels = corpus.card().labels
    return SmallTask(corpus.id, labels, *corpus.draw("train"), *corpus.draw("test"))


def glyph_task(name: str) -> SmallTask:
    """Return a task of the glyph zoo with all its training images and the first test images of each class."""
    task = full_plan().task(name)
    pool = make_pool(task.domain, [task])
    train, test = pool.rows(task)
    test = test[pool.ranks[test] < TEST_PER_CLASS]
    shown, asked = ((pool.images[rows], pool.targets(task, rows)) for rows in (train, test))
    return SmallTask(name, task.card().labels, *shown, *asked)


def open_images(name: str) -> ImageTask:
    """Return a dataset of images, see :func:`zoograph.data.tasks.sources.open_task`."""
    task = open_task(name, None, Modality.IMAGE)
    assert isinstance(task, ImageTask)
    return task


def from_images(task: ImageTask) -> SmallTask:
    """Return a dataset of images, made grey and small.

    Raises:
        ZoographError: if more than 1 % of the images cannot be read, or if fewer than two classes have images to
            train on.
    """
    task = task.sample(_MOST_IMAGES)
    pictures = [task.decode(row) for row in range(len(task))]
    unreadable = {row: picture for row, picture in enumerate(pictures) if isinstance(picture, Unreadable)}
    task.require_few_unreadable(unreadable)
    seen = [row for row in range(len(task)) if row not in unreadable]
    shown = (picture for picture in pictures if not isinstance(picture, Unreadable))
    images = np.stack([np.asarray(picture.convert("L").resize((SIDE, SIDE))) for picture in shown])
    kept = np.array(task.labels, dtype=np.int64)[seen]
    present, labels = np.unique(kept, return_inverse=True)
    own = None if task.is_test is None else np.array(task.is_test)[seen]
    test = held_out_rows(labels, own, _HELD_OUT)
    names = tuple(task.classes[label] for label in present)
    if len(np.unique(labels[~test])) < 2 or not test.any():
        raise ZoographError(
            f"The dataset '{task.card.id}' must have training images of two classes, and test images "
            f"(got {len(np.unique(labels[~test]))} and {int(test.sum())}). Add images."
        )
    sides = [(images[side], labels[side]) for side in (~test, test)]
    called = [tuple(task.names[seen[place]] for place in np.flatnonzero(side)) for side in (~test, test)]
    return SmallTask(task.card.id, names, *sides[0], *sides[1], *called)
