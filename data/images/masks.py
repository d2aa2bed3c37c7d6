"""Folders of images with a mask each: the class of every pixel, beside the picture that it is of."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from zoograph.data.files.counts import count_of
from zoograph.data.images.listing import image_suffixes
from zoograph.data.images.reading.opening import BROKEN, UNREADABLE, open_image, quiet_pillow
from zoograph.data.images.reading.unreadable import Unreadable
from zoograph.data.images.task import ImageTask, ImageTaskError, file_reader, read_image_file
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.naming.spellings import Target

IGNORED = 255
"""In the place of a class: the pixel counts for nothing."""

_LAYOUTS = (("images", "masks"), ("images", "annotations"), ("JPEGImages", "SegmentationClass"))
_ORIENTATION, _ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)
_log = logging.getLogger(__name__)


class BadMask(StrEnum):
    """Kinds of masks that say nothing of an image, in the words in which a person is told."""

    UNREADABLE = "cannot be read"
    COLOUR = "a colour image, which does not say the number of a class"
    LOSSY = "a JPEG, in which numbers of classes are not exact"
    SIZE = "of another size than its image"
    EMPTY = "without a pixel of a class"


@dataclass(frozen=True, eq=False)
class MaskTask(ImageTask):
    """Images with a class for each pixel.

    Attributes:
        labels: (N,) zeros; images are drawn from all alike.
        masks: (N,) files of grey or palette pictures, whose numbers are the classes.
    """

    masks: tuple[Path, ...] = ()

    @property
    def target(self) -> Target:
        """Classes of pixels."""
        return Target.PIXELS

    def content_hash(self, row: int) -> bytes:
        """Return SHA-256 of an image and its mask, of nothing where one cannot be read."""
        try:
            return hashlib.sha256(super().content_hash(row) + read_image_file(self.masks[row])).digest()
        except BROKEN:
            return hashlib.sha256().digest()

    def take(self, rows: Sequence[int]) -> Self:
        """Return the task of these rows alone, in this order."""
        return replace(super().take(rows), masks=tuple(self.masks[row] for row in rows))

    def classes_of_cells(self, row: int, height: int, width: int) -> NDArray[np.int64] | BadMask:
        """Return the classes of an image's pixels on a grid, by nearest neighbour; or what is wrong with its mask.

        Args:
            row: of the image.
            height: of the grid, whose cells divide the whole picture.
            width: likewise.

        Returns:
            (height, width) classes; :data:`IGNORED` where there is none.
        """
        mask = _read_mask(self.masks[row])
        if isinstance(mask, BadMask):
            return mask
        if self._shape_of(row) not in (None, mask.shape):
            return BadMask.SIZE
        return BadMask.EMPTY if (mask == IGNORED).all() else resize_nearest(mask, height, width)

    def _shape_of(self, row: int) -> tuple[int, int] | None:
        """Return height and width of an image as it is seen, turned upright; None if it cannot be read."""
        with quiet_pillow():
            try:
                picture = open_image(self.read(row))
                if isinstance(picture, Unreadable):
                    return None
                turned = picture.getexif().get(_ORIENTATION) in _ON_ITS_SIDE
            except UNREADABLE:
                return None
        width, height = picture.size
        return (width, height) if turned else (height, width)


def resize_nearest(mask: NDArray[np.int64], height: int, width: int) -> NDArray[np.int64]:
    """Return the number under the centre of each cell of a grid over a mask.

    >>> resize_nearest(np.arange(16).reshape(4, 4), 2, 2).tolist()
    [[5, 7], [13, 15]]
    """
    down, across = (
        ((2 * np.arange(cells) + 1) * pixels) // (2 * cells)
        for cells, pixels in zip((height, width), mask.shape, strict=True)
    )
    return mask[np.ix_(down, across)]


def find_masks(folder: Path) -> tuple[Path, Path] | None:
    """Return the folders of images and masks in a folder; None if no image in it has a mask.

    They are called ``images`` and ``masks`` (or ``annotations``), or ``JPEGImages`` and ``SegmentationClass``, and a
    mask is called like its image but for the ending.
    """
    for names in _LAYOUTS:
        images, masks = (folder / name for name in names)
        if images.is_dir() and masks.is_dir() and _by_stem(images).keys() & _by_stem(masks).keys():
            return images, masks
    return None


def open_masks(folder: Path, images: Path, masks: Path, domain: str | None = None) -> MaskTask:
    """Return the task of a folder of images and one of masks; what lacks the other is left out and said."""
    pictures, marked = _by_stem(images), _by_stem(masks)
    both = sorted(pictures.keys() & marked.keys())
    for number, one, other in (
        (len(pictures) - len(both), "image", "mask"),
        (len(marked) - len(both), "mask", "image"),
    ):
        if number:
            many = count_of(number, f"{one} of '{folder}' has", f"{one}s of '{folder}' have")
            _log.warning("%s no %s and %s left out.", many, other, "is" if number == 1 else "are")
    name = folder.resolve().name
    return MaskTask(
        DatasetCard(id=name, source="image folder with masks", domain=domain, num_samples=len(both)),
        (),
        tuple(str(pictures[stem].relative_to(folder)) for stem in both),
        (0,) * len(both),
        file_reader([pictures[stem] for stem in both]),
        masks=tuple(marked[stem] for stem in both),
    )


def require_masks(task: MaskTask, bad: dict[int, BadMask]) -> None:
    """Say which masks are left out.

    Raises:
        ImageTaskError: if that is more than half of them.
    """
    if not bad:
        return
    kinds: dict[BadMask, list[str]] = {}
    for row, kind in bad.items():
        kinds.setdefault(kind, []).append(task.masks[row].name)
    listed = (
        "; ".join(
            f"{len(names):,} {'is' if len(names) == 1 else 'are each'} {kind.value}, such as {names[0]!r}"
            for kind, names in kinds.items()
        )
        .replace("are each cannot", "cannot")
        .replace("is cannot", "cannot")
    )
    if len(bad) > len(task) / 2:
        raise ImageTaskError(
            f"The masks of '{task.card.id}' must be grey or palette pictures of the size of their images, whose "
            f"numbers are classes (got {len(bad):,} others of {len(task):,}: {listed}). Convert them."
        )
    _log.warning("%s left out with their images: %s.", f"{len(bad):,} of {len(task):,} masks are", listed)


def _by_stem(folder: Path) -> dict[str, Path]:
    """Return the images of a folder and the folders below it, by relative path without the ending."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in image_suffixes() and path.is_file())
    return {str(path.relative_to(folder).with_suffix("")): path for path in found if not path.name.startswith(".")}


def _read_mask(path: Path) -> NDArray[np.int64] | BadMask:
    with quiet_pillow():
        try:
            held = open_image(read_image_file(path))
            if isinstance(held, Unreadable):
                return BadMask.UNREADABLE
            if held.format == "JPEG":
                return BadMask.LOSSY
            numbers = np.asarray(held)
        except UNREADABLE:
            return BadMask.UNREADABLE
    return _as_numbers(numbers)


def _as_numbers(numbers: NDArray[Any]) -> NDArray[np.int64] | BadMask:
    """Return (H, W) numbers; a picture of three channels that are the same is grey."""
    if numbers.ndim == 3 and numbers.shape[2] == 3 and (numbers == numbers[..., :1]).all():
        numbers = numbers[..., 0]
    if numbers.ndim != 2 or numbers.dtype.kind not in "bui" or (numbers.size and numbers.min() < 0):
        return BadMask.COLOUR
    return numbers.astype(np.int64)
