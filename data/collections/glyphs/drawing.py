"""Glyphs: characters drawn in the fonts that matplotlib ships, in six domains, as small grey images."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from zoograph.data.errors import ZoographError

SIDE = 32
"""Side of an image, in pixels."""

_CANVAS = 64  # drawn at twice the size, then reduced
_MARGIN = 40  # room around the canvas while a glyph is turned

FONTS = tuple(
    f"{family}{style}.ttf"
    for family, styles in {
        "DejaVuSans": ("", "-Bold", "-Oblique", "-BoldOblique"),
        "DejaVuSansMono": ("", "-Bold", "-Oblique", "-BoldOblique"),
        "DejaVuSerif": ("", "-Bold", "-Italic", "-BoldItalic"),
        "STIXGeneral": ("", "Bol", "Italic", "BolIta"),
    }.items()
    for style in styles
)
SYMBOL_FONTS = (
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSansMono.ttf",
    "DejaVuSansMono-Bold.ttf",
    "STIXGeneral.ttf",
)

Image8 = NDArray[np.uint8]
_Ink = NDArray[np.float64]  # (SIDE, SIDE), 0 is paper and 1 is ink


def character_name(character: str) -> str:
    """Return what Unicode calls a character, in lower case.

    >>> character_name("ß")
    'latin small letter sharp s'
    """
    return unicodedata.name(character).lower()


def seeded(*words: object) -> np.random.Generator:
    """Return a generator that depends on ``words`` alone, in every process and on every machine."""
    digest = hashlib.sha256("\0".join(map(str, words)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def draw_glyph(character: str, domain: str, rng: np.random.Generator, fonts: tuple[str, ...] = FONTS) -> Image8:
    """Draw one character in one domain.

    Args:
        character: a character that all ``fonts`` have.
        domain: a key of :data:`DOMAINS`.
        rng: chooses font, size, place, slant, tones and noise.
        fonts: files among matplotlib's.

    Returns:
        (32, 32) uint8.

    Raises:
        ZoographError: if matplotlib is not installed.
    """
    font = fonts[rng.integers(len(fonts))]
    return DOMAINS[domain][1](character, font, rng)


def _print(character: str, font: str, rng: np.random.Generator) -> Image8:
    ink = _small(_mask(character, font, rng))
    return _tone(ink, paper=rng.uniform(0.7, 1.0), dark=rng.uniform(0.0, 0.4), noise=0.06, rng=rng)


def _outline(character: str, font: str, rng: np.random.Generator) -> Image8:
    solid = _mask(character, font, rng) > 0.5
    ring = ndimage.binary_dilation(solid, iterations=2) & ~solid
    return _tone(_small(ring), paper=rng.uniform(0.6, 1.0), dark=rng.uniform(0.0, 0.4), noise=0.08, rng=rng)


def _thin(character: str, font: str, rng: np.random.Generator) -> Image8:
    depth = ndimage.distance_transform_edt(_mask(character, font, rng) > 0.5)
    ridge = (depth > 0) & (depth >= ndimage.maximum_filter(depth, size=3))
    broken = ridge & (ndimage.gaussian_filter(rng.normal(size=ridge.shape), 3.0) > -0.1)
    stroke = ndimage.binary_dilation(broken)
    return _tone(_small(stroke), paper=rng.uniform(0.7, 1.0), dark=rng.uniform(0.0, 0.4), noise=0.08, rng=rng)


def _inverted(character: str, font: str, rng: np.random.Generator) -> Image8:
    ink = _small(_mask(character, font, rng))
    coarse = ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), rng.uniform(0.8, 2.5, size=2))
    texture = coarse / coarse.std()
    grey = _tone(ink, paper=rng.uniform(0.15, 0.35), dark=rng.uniform(0.6, 0.9), noise=0.05, rng=rng)
    return _to_bytes(grey / 255.0 + 0.10 * texture)


def _clutter(character: str, font: str, rng: np.random.Generator) -> Image8:
    ink = _small(_mask(character, font, rng, turn=40.0))
    others = Image.new("L", (_CANVAS, _CANVAS))
    pen = ImageDraw.Draw(others)
    for _ in range(rng.integers(2, 6)):
        x, y = rng.uniform(-10, _CANVAS + 10, size=2)
        dx, dy = rng.normal(size=2) * 22
        pen.line((x, y, x + dx, y + dy), fill=255, width=int(rng.integers(2, 6)))
    ink = np.maximum(ink, rng.uniform(0.3, 0.9) * _small(np.asarray(others) / 255.0))
    return _tone(ink, paper=rng.uniform(0.6, 1.0), dark=rng.uniform(0.0, 0.4), noise=0.08, rng=rng)


def _blurred(character: str, font: str, rng: np.random.Generator) -> Image8:
    ink = _small(_mask(character, font, rng))
    side = int(rng.integers(6, 11))
    coarse = Image.fromarray(_to_bytes(ink)).resize((side, side), Image.Resampling.BOX)
    soft = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) / 255.0
    return _tone(soft, paper=rng.uniform(0.6, 1.0), dark=rng.uniform(0.0, 0.4), noise=0.06, rng=rng)


Draw = Callable[[str, str, np.random.Generator], Image8]
DOMAINS: dict[str, tuple[str, Draw]] = {
    "print": ("plain print", _print),
    "outline": ("outlined letters", _outline),
    "thin": ("thin broken strokes", _thin),
    "inverted": ("light print on a dark texture", _inverted),
    "clutter": ("rotated print under scribbles", _clutter),
    "blurred": ("blurred print in low resolution", _blurred),
}
"""Name of a drawn domain -> its words, and what draws it."""


def font_folder() -> Path:
    """Return the folder of matplotlib's fonts.

    Raises:
        ZoographError: if matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise ZoographError(
            "Glyphs are drawn in the fonts that come with matplotlib (got: it is not installed). "
            'Install it with `pip install "matplotlib>=3.9"`.'
        ) from error
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@lru_cache(maxsize=512)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    # The basic layout engine gives the same pixels whether or not the shaping library is there.
    return ImageFont.truetype(font_folder() / name, size, layout_engine=ImageFont.Layout.BASIC)


def _mask(character: str, font: str, rng: np.random.Generator, turn: float = 8.0) -> _Ink:
    """Return the ink of a character, turned, slanted, scaled and moved: (64, 64) in [0, 1]."""
    face = _font(font, int(rng.integers(44, 57)))
    left, top, right, bottom = face.getbbox(character)
    side = _CANVAS + 2 * _MARGIN
    canvas = Image.new("L", (side, side))
    place = ((side - left - right) / 2, (side - top - bottom) / 2)
    ImageDraw.Draw(canvas).text(place, character, fill=255, font=face)
    angle = np.deg2rad(rng.uniform(-turn, turn))
    slant, width, height = rng.uniform(-0.2, 0.2), *np.exp(rng.uniform(-0.2, 0.2, size=2))
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = matrix @ np.array([[1.0, slant], [0.0, 1.0]]) @ np.diag([width, height])
    offset = side / 2 - matrix @ (np.full(2, _CANVAS / 2) + rng.uniform(-6, 6, size=2))
    to_source = (*matrix[0], offset[0], *matrix[1], offset[1])
    moved = canvas.transform((_CANVAS, _CANVAS), Image.Transform.AFFINE, to_source, Image.Resampling.BILINEAR)
    return np.asarray(moved) / 255.0


def _small(ink: NDArray[np.generic]) -> _Ink:
    """Reduce (64, 64) to (32, 32) by means of four pixels."""
    return np.asarray(ink, dtype=np.float64).reshape(SIDE, 2, SIDE, 2).mean(axis=(1, 3))


def _tone(ink: _Ink, *, paper: float, dark: float, noise: float, rng: np.random.Generator) -> Image8:
    """Give paper and ink their grey, in [0, 1], with a shade across the image and noise."""
    shade = np.add.outer(np.linspace(-1, 1, SIDE) * rng.normal(), np.linspace(-1, 1, SIDE) * rng.normal())
    grey = paper + (dark - paper) * ink + 0.05 * shade + noise * rng.normal(size=ink.shape)
    return _to_bytes(grey)


def _to_bytes(grey: _Ink) -> Image8:
    return np.rint(255 * np.clip(grey, 0.0, 1.0)).astype(np.uint8)
