"""The samples of a task as a network expects them, read by row, as they are or augmented."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

import torch
from PIL.Image import Image, Transpose
from torch import Tensor

from zoograph.data.files.optional_imports import import_torchvision
from zoograph.data.images.reading.unreadable import Unreadable
from zoograph.data.networks.rows import load_rows
from zoograph.data.networks.weights import PretrainedModel
from zoograph.data.tasks.task import LabelledTask


class Augmentation(StrEnum):
    """How training images are changed at random, before a network's own transform."""

    NONE = "none"
    CROP = "crop"
    FLIP = "flip"
    STRONG = "strong"


_LEAST_AREA = {Augmentation.CROP: 0.7, Augmentation.FLIP: 0.7, Augmentation.STRONG: 0.35}


class Pictures:
    """The samples of a task, read when they are asked for.

    Args:
        task: whose samples.
        model: whose transform.
        augmentation: of :meth:`read_augmented`: a crop of 70 % of the area or more; that and a mirrored image half of
            the time; or a crop of 35 % or more, mirrored half of the time, under RandAugment.
    """

    def __init__(
        self, task: LabelledTask, model: PretrainedModel, augmentation: Augmentation = Augmentation.NONE
    ) -> None:
        self._task, self._model, self._augmentation = task, model, augmentation

    def __len__(self) -> int:
        return len(self._task)

    def read(self, rows: Sequence[int]) -> Iterator[Tensor]:
        """Yield the samples of these rows; images are decoded by several processes if there are many.

        Raises:
            TaskError: when a sample cannot be read.
        """
        yield from self._read(rows, self._task, self._model.transform)

    def read_augmented(self, rows: Sequence[int], seed: int) -> Iterator[Tensor]:
        """Yield the images of these rows, changed at random; by seed and image alone, whoever decodes them.

        Raises:
            TaskError: when a sample cannot be read.
        """
        if self._augmentation is Augmentation.NONE:
            yield from self.read(rows)
            return
        change = make_augmentation(self._augmentation)

        def see(picture: Image) -> Tensor:
            return self._model.transform(change(picture, zlib.crc32(picture.tobytes(), seed % 2**32)))

        yield from self._read(rows, self._task, see)

    def _read(self, rows: Sequence[int], task: LabelledTask, transform: Callable[[Image], Tensor]) -> Iterator[Tensor]:
        for row, picture in zip(rows, load_rows(task, transform, rows), strict=True):
            if isinstance(picture, Unreadable):
                raise task.error(
                    f"The {task.sample_word} '{task.names[row]}' must be readable (got one that is {picture.value}). "
                    "Repair or remove it."
                )
            yield picture


def make_augmentation(kind: Augmentation) -> Callable[[Image, int], Image]:
    """Return what changes a picture by a seed; a picture in, a picture out, so that any transform can follow."""
    import_torchvision()
    from torchvision.transforms import RandAugment, RandomResizedCrop

    least, mirrored, strong = _LEAST_AREA[kind], kind is not Augmentation.CROP, kind is Augmentation.STRONG
    shake = RandAugment()

    def change(picture: Image, seed: int) -> Image:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            top, left, height, width = RandomResizedCrop.get_params(picture, [least, 1.0], [3 / 4, 4 / 3])
            picture = picture.crop((left, top, left + width, top + height))
            if mirrored and torch.rand(()) < 0.5:
                picture = picture.transpose(Transpose.FLIP_LEFT_RIGHT)
            return shake(picture) if strong else picture

    return change
