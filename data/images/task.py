"""Image tasks: ordered, labelled images from wherever they lie, read one at a time."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from zoograph.data.images.reading.decoding import decode
from zoograph.data.images.reading.depth import White
from zoograph.data.images.reading.opening import BROKEN
from zoograph.data.images.reading.unreadable import Unreadable, describe_unreadable
from zoograph.data.records.cards import Modality
from zoograph.data.tasks.task import LabelledTask, TaskError, make_card

if TYPE_CHECKING:
    from PIL import Image

_MOST_CORRUPT = 0.01
_MOST_BYTES = 1_000_000_000


class ImageTaskError(TaskError):
    """Images that are no classification task, or of which too many cannot be read."""


class UnreadableFile(OSError):
    """A file of an image that is not opened, and what is wrong with it."""

    def __init__(self, kind: Unreadable) -> None:
        super().__init__(kind.value)
        self.kind = kind


@dataclass(frozen=True, eq=False)
class ImageTask(LabelledTask):
    """Labelled images; a row is read as the encoded image, or as the picture itself.

    Attributes:
        white: what is white in its pictures of more than 8 bits; that of the whole dataset, also for a sample.
    """

    modality: ClassVar[Modality] = Modality.IMAGE
    sample_word: ClassVar[str] = "image"
    error: ClassVar[type[TaskError]] = ImageTaskError
    augmentable: ClassVar[bool] = True

    read: Callable[[int], bytes | Image.Image]
    white: White = field(default=None, repr=False)  # type: ignore[assignment] # made below, of what the task reads

    def __post_init__(self) -> None:
        if self.white is None:
            object.__setattr__(self, "white", White(self.read, len(self.labels)))
        super().__post_init__()

    @property
    def seen_with(self) -> str | None:
        """White, which depends on more than the images of a sample."""
        return None if self.white.value is None else f"white {self.white.value}"

    def content_hash(self, row: int) -> bytes:
        """Return SHA-256 of an encoded image, or of a picture's pixels; of nothing where it cannot be read."""
        try:
            held = self.read(row)
            if isinstance(held, bytes):
                return hashlib.sha256(held).digest()
            return hashlib.sha256(json.dumps([held.mode, held.size]).encode() + held.tobytes()).digest()
        except BROKEN:
            return hashlib.sha256().digest()

    def picture(self, row: int) -> Image.Image | None:
        """Return one image as RGB; None if it cannot be read."""
        seen = self.decode(row)
        return None if isinstance(seen, Unreadable) else seen

    def decode(self, row: int) -> Image.Image | Unreadable:
        """Return one image as RGB, or what is wrong with it."""
        try:
            held = self.read(row)
        except UnreadableFile as error:
            return error.kind
        except FileNotFoundError:
            return Unreadable.NO_FILE
        except PermissionError:
            return Unreadable.DENIED
        except BROKEN:
            return Unreadable.DAMAGED
        return decode(held, self.white)

    def allows(self, num_unreadable: int) -> bool:
        """Return whether so many images may be left out: at most 1 %."""
        return num_unreadable <= _MOST_CORRUPT * len(self)

    def require_few_unreadable(self, rows: Mapping[int, Unreadable]) -> None:
        """Raise if more than 1 % of the images cannot be read.

        Args:
            rows: all that cannot -> what is wrong with them.

        Raises:
            ImageTaskError: which names them by kind.
        """
        if not self.allows(len(rows)):
            listed = describe_unreadable({self.names[row]: kind for row, kind in rows.items()})
            raise ImageTaskError(
                f"At most 1 % of the {len(self):,} images of '{self.card.id}' may be unreadable "
                f"(got {len(rows):,}). Repair or remove them: {listed}."
            )


def task_from_arrays(
    images: NDArray[np.uint8], labels: Sequence[int], classes: Sequence[str], id: str, source: str = "arrays"
) -> ImageTask:
    """Return the task of images in memory.

    Args:
        images: (N, H, W) grey or (N, H, W, 3) RGB, uint8.
        labels: (N,) places in ``classes``.
        classes: names.
        id: of the dataset.
        source: where the images come from.

    Raises:
        ValueError: if the shapes do not fit together.
        ImageTaskError: if there are fewer than two classes.
    """
    from PIL import Image

    if images.dtype != np.uint8 or images.ndim not in (3, 4) or len(images) != len(labels):
        raise ValueError(
            f"'images' must be uint8 (N, H, W) or (N, H, W, 3) with one label each "
            f"(got {images.dtype} {images.shape} and {len(labels)} labels)"
        )
    return make_task(
        id,
        source,
        classes,
        names=[f"{id}[{row}]" for row in range(len(images))],
        labels=[int(label) for label in labels],
        read=lambda row: Image.fromarray(images[row]),
    )


def make_task(
    id: str,
    source: str,
    classes: Sequence[str],
    names: Sequence[str],
    labels: Sequence[int],
    read: Callable[[int], bytes | Image.Image],
    is_test: Sequence[bool] | None = None,
    domain: str | None = None,
    is_validation: Sequence[bool] | None = None,
    warnings: Sequence[str] = (),
) -> ImageTask:
    """Return a task with a card that is made from what is given; without ``classes`` their names are not known.

    Raises:
        ImageTaskError: if two classes have one name, or fewer than two have images.
    """
    card = make_card(id, source, classes, labels, domain, ImageTaskError)
    known = tuple(classes) or tuple(str(label) for label in range(max(labels, default=-1) + 1))
    return ImageTask(
        card,
        known,
        tuple(names),
        tuple(labels),
        read,
        None if is_test is None else tuple(is_test),
        None if is_validation is None else tuple(is_validation),
        tuple(warnings),
    )


def find_inside(path: str | None, roots: Sequence[Path]) -> Path:
    """Return the file that a row names, if it lies in one of the folders that a dataset may read.

    Raises:
        UnreadableFile: if it does not.
    """
    for root in roots:
        file = Path(root, path or "").resolve()
        if path and file.is_relative_to(root.resolve()):
            return file
    raise UnreadableFile(Unreadable.NO_FILE)


def file_reader(paths: Sequence[Path]) -> Callable[[int], bytes]:
    """Return what reads the encoded image of a row from its file, see :func:`read_image_file`."""
    return lambda row: read_image_file(paths[row])


def read_image_file(path: Path) -> bytes:
    """Return the content of a regular file of bearable size; nothing that waits or never ends is opened.

    Raises:
        UnreadableFile: if it is something else.
        OSError: if it cannot be read.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFile(Unreadable.NO_FILE)
        if status.st_size > _MOST_BYTES:
            raise UnreadableFile(Unreadable.TOO_LARGE)
        return file.read(_MOST_BYTES)
