"""What is wrong with an image that cannot be read: its kind, and a sentence that names all images by kind."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from zoograph.data.files.counts import some

_MOST_NAMED = 50


class Unreadable(StrEnum):
    """Kinds of images that cannot be read, in the words in which a person is told."""

    EMPTY = "an empty file"
    DAMAGED = "cut short or damaged"
    WEB_PAGE = "a web page or other text, and no image"
    HEIF = "a picture in HEIC or AVIF ('pip install pillow-heif' makes it readable)"
    UNKNOWN = "a file of no image format that Pillow opens"
    TOO_MANY_PIXELS = "a picture of more than 300 million pixels (shrink it)"
    TOO_LARGE = "a file of more than 1 GB (shrink it)"
    NO_RANGE = "a picture with numbers below 0 or not finite (save it with 8 or 16 bits)"
    NO_RGB = "a picture in a colour space that does not become RGB"
    NO_FILE = "no regular file inside the dataset's folder"
    DENIED = "a file that you may not read"
    TOO_SMALL = "a picture without a pixel"


def describe_unreadable(names: Mapping[str, str]) -> str:
    """Return how many images are of which kind, and which.

    Args:
        names: of the images -> what is wrong with them.

    >>> describe_unreadable({"cat/1.jpg": "an empty file", "dog/2.jpg": "an empty file"})
    "2 are each an empty file: 'cat/1.jpg', 'dog/2.jpg'"
    """
    kinds: dict[str, list[str]] = {}
    for name, kind in names.items():
        kinds.setdefault(kind, []).append(name)
    return "; ".join(_describe(kind, of_kind) for kind, of_kind in kinds.items())


def _describe(kind: str, names: list[str]) -> str:
    verb = "1 is" if len(names) == 1 else f"{len(names):,} are each"
    return f"{verb} {kind}: {some(names, _MOST_NAMED)}"
