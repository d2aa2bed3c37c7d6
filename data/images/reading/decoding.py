"""Decoding: an encoded image becomes the RGB picture that a person would see, or the reason why it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoograph.data.images.reading.opening import UNREADABLE, is_deep, open_image, quiet_libtiff, quiet_pillow
from zoograph.data.images.reading.unreadable import Unreadable

if TYPE_CHECKING:
    from PIL import Image

    from zoograph.data.images.reading.depth import White

SHRUNK_ABOVE = 89_478_485
"""Pixels above which a picture is shrunk as soon as it is decoded: where Pillow begins to warn."""
MOST_PIXELS = 300_000_000
_SHORTER_SIDE = 1024
_AVERAGED = frozenset({"L", "RGB", "RGBA", "LA", "CMYK", "YCbCr"})


def decode(held: bytes | Image.Image, white: White) -> Image.Image | Unreadable:
    """Return a picture as RGB, turned as its orientation flag says; or what is wrong with it.

    A sound picture that is very large is shrunk. One of more than 8 bits is scaled by what is white in its dataset,
    see :class:`zoograph.data.images.reading.depth.White`. Of several frames the first is shown; transparency is
    dropped.

    Args:
        held: the encoded image, or a picture.
        white: of the dataset.
    """
    with quiet_pillow():
        try:
            picture = open_image(held)
            if isinstance(picture, Unreadable):
                return picture
            if 0 in picture.size:
                return Unreadable.TOO_SMALL
            if not _fits(picture):
                return Unreadable.TOO_MANY_PIXELS
            with quiet_libtiff(picture):
                picture = _upright(_shrink(picture))
        except UNREADABLE:
            return Unreadable.DAMAGED
        try:
            return _as_rgb(picture, white)
        except UNREADABLE:
            return Unreadable.NO_RGB


def _fits(picture: Image.Image) -> bool:
    """Return whether the pixels that must be held at once are not too many; a JPEG can be decoded at an eighth."""
    width, height = picture.size
    if _shrinks_while_decoding(picture):
        return width * height <= MOST_PIXELS * 64
    return width * height <= MOST_PIXELS


def _shrinks_while_decoding(picture: Image.Image) -> bool:
    # A progressive JPEG is held whole until its last scan has been read.
    return picture.format in ("JPEG", "MPO") and "progressive" not in picture.info


def _shrink(picture: Image.Image) -> Image.Image:
    """Decode; a very large picture is made smaller by a whole factor, until its shorter side is some 1,000 pixels."""
    width, height = picture.size
    if width * height > SHRUNK_ABOVE:
        factor = max(1, min(width, height) // _SHORTER_SIDE)
        if _shrinks_while_decoding(picture):
            picture.draft(None, (width // factor, height // factor))
        picture.load()
        factor = max(1, min(picture.size) // _SHORTER_SIDE)
        if picture.mode in ("P", "1", "PA"):
            picture = picture.convert("RGB")
        if factor > 1 and picture.mode in _AVERAGED:
            exif = picture.info.get("exif")
            picture = picture.reduce(factor)
            if exif is not None:
                picture.info["exif"] = exif
    picture.load()
    return picture


def _upright(picture: Image.Image) -> Image.Image:
    """Return a picture turned as its orientation flag says; a flag that cannot be read is none."""
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(picture)
    except UNREADABLE:
        return picture


def _as_rgb(picture: Image.Image, white: White) -> Image.Image | Unreadable:
    from PIL import Image

    if is_deep(picture):
        values = np.asarray(picture)
        top = white.of(values)
        if top is None:
            return Unreadable.NO_RANGE
        return Image.fromarray(shades(values, top)).convert("RGB")
    if picture.mode == "P" and isinstance(picture.info.get("transparency"), bytes):
        picture = picture.convert("RGBA")
    return picture.convert("RGB")


def shades(values: np.ndarray[Any, Any], white: float) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return (H, W) shades of grey, 0 … 255, of values in 0 … ``white``."""
    return np.rint(values.astype(np.float64) * (255 / white)).clip(0, 255).astype(np.uint8)
