"""Depth: what is white in the pictures of a dataset that have more than 8 bits."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zoograph.data.images.reading.opening import UNREADABLE, is_deep, open_image, quiet_pillow
from zoograph.data.images.reading.unreadable import Unreadable

if TYPE_CHECKING:
    from PIL import Image

_RANGES = (1, *(2**bits - 1 for bits in (8, 10, 12, 14, 16, 20, 24, 28, 32)))
_MOST_READ = 64


class White:
    """The value that is shown as white in pictures of more than 8 bits, one for all pictures of a dataset.

    A file of 16 or 32 bits rarely says how many of them are used. The brightest pixel of up to 64 pictures, spread
    evenly, decides: white is the largest value of 8, 10, 12, 14, 16, 20, 24, 28 or 32 bits, or 1, that holds it.
    """

    def __init__(self, read: Callable[[int], bytes | Image.Image], size: int) -> None:
        """Know how to read a dataset's ``size`` images; nothing is read before it must be."""
        self._read, self._size = read, size

    @cached_property
    def value(self) -> int | None:
        """White, or None if no picture that was looked at has more than 8 bits."""
        tops = []
        for row in range(0, self._size, max(1, -(-self._size // _MOST_READ))):
            with quiet_pillow():
                try:
                    picture = open_image(self._read(row))
                    if not isinstance(picture, Unreadable) and is_deep(picture):
                        tops.append(natural_white(np.asarray(picture)))
                except UNREADABLE:
                    continue
        return max((top for top in tops if top is not None), default=None)

    def of(self, values: np.ndarray[Any, Any]) -> int | None:
        """Return white for a picture, more than that of the dataset if the picture is brighter.

        Returns:
            None if the picture has no range: if a value is negative, not finite, or of more than 32 bits.
        """
        own = natural_white(values)
        return None if own is None else max(own, self.value or 1)


def natural_white(values: np.ndarray[Any, Any]) -> int | None:
    """Return the largest value of the fewest bits that hold all values; None if they are no shades of grey.

    >>> natural_white(np.array([0, 3000])), natural_white(np.array([0.0, 0.5])), natural_white(np.array([-1.0]))
    (4095, 1, None)
    """
    if not np.isfinite(values).all() or values.size == 0 or values.min() < 0:
        return None
    top = float(values.max())
    return next((white for white in _RANGES if top <= white), None)
