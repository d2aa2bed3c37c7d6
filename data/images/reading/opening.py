"""Opening: what kind of image some bytes are, without a word of Pillow's or of the libraries under it."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from zoograph.data.images.reading.unreadable import Unreadable

if TYPE_CHECKING:
    from PIL import Image

BROKEN = (OSError, EOFError, SyntaxError, ValueError, IndexError, struct.error, zlib.error)
"""What reading an image raises that is not there, or not whole."""
NO_PICTURES = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"})
"""Formats that Pillow recognises and shows no picture of, or only by running another program on the file."""
UNREADABLE = (*BROKEN, TypeError, KeyError, OverflowError, MemoryError)
"""What Pillow raises over bytes that are no sound image."""

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")


def open_image(held: bytes | Image.Image) -> Image.Image | Unreadable:
    """Return a picture whose pixels are not decoded yet; or what is wrong with it."""
    from PIL import Image, UnidentifiedImageError

    if isinstance(held, Image.Image):
        return held
    if not held:
        return Unreadable.EMPTY
    register_plugins()
    try:
        picture = Image.open(io.BytesIO(held))
        return Unreadable.UNKNOWN if picture.format in NO_PICTURES else picture
    except UnidentifiedImageError:
        return _recognise(held)
    except UNREADABLE:
        return Unreadable.DAMAGED


@cache
def register_plugins() -> None:
    """Let Pillow open HEIC, if the package for it is installed."""
    if find_spec("pillow_heif") is not None:
        import_module("pillow_heif").register_heif_opener()


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keep Pillow from warning on the terminal, and from refusing large pictures, which are judged here."""
    from PIL import Image

    most = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = most


def is_deep(picture: Image.Image) -> bool:
    """Return whether the pixels of a picture are grey with more than 8 bits."""
    return picture.mode in ("I", "F") or picture.mode.startswith("I;16")


@contextmanager
def quiet_libtiff(picture: Image.Image) -> Iterator[None]:
    """Keep libtiff, which knows nothing of Python, from writing to the terminal while it decodes a picture."""
    if picture.format != "TIFF":
        yield
        return
    try:
        terminal = os.dup(2)
    except OSError:  # there is none
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)


def _recognise(raw: bytes) -> Unreadable:
    """Return what kind of file it is that Pillow takes for no image."""
    start = raw[:4096]
    if start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS:
        return Unreadable.HEIF
    if start.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM")):
        return Unreadable.DAMAGED
    try:
        text = start.decode("utf-8", errors="strict" if len(raw) <= len(start) else "ignore")
    except UnicodeDecodeError:
        return Unreadable.UNKNOWN
    return Unreadable.WEB_PAGE if text.isprintable() or "\0" not in text else Unreadable.UNKNOWN
