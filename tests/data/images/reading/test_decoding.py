"""Decoding against pictures whose pixels are known."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoograph.data.images.reading import decoding
from zoograph.data.images.reading.decoding import decode, shades
from zoograph.data.images.reading.depth import White
from zoograph.data.images.reading.unreadable import Unreadable

ARROW = np.zeros((8, 16, 3), np.uint8)
ARROW[:, :8] = (200, 100, 0)


def _encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    raw = io.BytesIO()
    picture.save(raw, kind, **options)
    return raw.getvalue()


def _see(held: bytes | Image.Image) -> np.ndarray | Unreadable:
    seen = decode(held, White(lambda row: held, 1))
    return seen if isinstance(seen, Unreadable) else np.asarray(seen)


# -- orientation ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "MPO"])
@pytest.mark.parametrize(("flag", "turn"), [(3, Image.Transpose.ROTATE_180), (6, Image.Transpose.ROTATE_90)])
def test_the_orientation_flag_is_applied_once(kind: str, flag: int, turn: Image.Transpose) -> None:
    exif = Image.Exif()
    exif[0x0112] = flag
    stored = Image.fromarray(ARROW).transpose(turn)
    options = {"tiffinfo": {0x0112: flag}} if kind == "TIFF" else {"exif": exif.tobytes(), "quality": 100}
    seen = _see(_encode(stored, kind, **options))
    assert np.allclose(np.asarray(seen, np.float64)[:, [0, 4, 11, 15]], ARROW[:, [0, 4, 11, 15]], atol=25)


def test_a_flag_of_a_picture_that_somebody_else_opened() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    raw = _encode(Image.fromarray(ARROW).transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif.tobytes())
    assert np.array_equal(_see(Image.open(io.BytesIO(raw)).convert("RGB")), ARROW)


def test_a_broken_flag_is_none() -> None:
    raw = _encode(Image.fromarray(ARROW), "PNG", exif=b"Exif\0\0MM\0*\0\0\0\xff")
    assert np.array_equal(_see(raw), ARROW)


# -- depth ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
@pytest.mark.parametrize("ending", ["TIFF", None])
def test_more_than_eight_bits_are_scaled(kind: type, ending: str | None) -> None:
    values = np.array([[0, 4095], [2048, 1024]], kind)
    picture = Image.fromarray(values)
    seen = _see(picture if ending is None else _encode(picture, ending))
    assert np.asarray(seen)[..., 1].tolist() == [[0, 255], [128, 64]]


def test_fractions_are_scaled() -> None:
    assert _see(Image.fromarray(np.array([[0, 0.5, 1]], np.float32)))[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("values", [np.array([[-5, 7]], np.int32), np.array([[np.nan, 0.5]], np.float32)])
def test_values_without_a_range_are_refused(values: np.ndarray) -> None:
    assert _see(_encode(Image.fromarray(values), "TIFF")) is Unreadable.NO_RANGE


def test_shades_by_hand() -> None:
    assert shades(np.array([[0, 257, 65_535]]), 65_535).tolist() == [[0, 1, 255]]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "HSV"])
def test_other_modes_become_rgb(mode: str) -> None:
    assert np.asarray(_see(Image.fromarray(ARROW).convert(mode))).shape == (8, 16, 3)


def test_a_colour_space_without_rgb_is_said() -> None:
    assert _see(Image.new("La", (4, 4))) is Unreadable.NO_RGB


# -- size -----------------------------------------------------------------------------------------


@pytest.fixture
def _low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "SHRUNK_ABOVE", 5_000)
    monkeypatch.setattr(decoding, "MOST_PIXELS", 50_000)
    monkeypatch.setattr(decoding, "_SHORTER_SIDE", 10)


@pytest.mark.usefixtures("_low_limits")
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
def test_a_large_picture_is_shrunk(kind: str, mode: str) -> None:
    if kind == "JPEG" and mode in ("P", "1"):
        pytest.skip("no such JPEG")
    picture = Image.fromarray(np.repeat(np.repeat(ARROW, 20, 0), 10, 1)).convert(mode)
    seen = np.asarray(_see(_encode(picture, kind)))
    assert seen.shape == (10, 10, 3)
    assert seen[:, -1].max() <= 30 <= 90 <= seen[:, 0, 0].min()


@pytest.mark.usefixtures("_low_limits")
def test_past_the_limit_it_is_said() -> None:
    picture = Image.new("RGB", (300, 300))
    assert _see(_encode(picture, "PNG")) is Unreadable.TOO_MANY_PIXELS
    assert _see(_encode(picture, "JPEG", progressive=True)) is Unreadable.TOO_MANY_PIXELS
    assert isinstance(_see(_encode(picture, "JPEG")), np.ndarray)


@pytest.mark.usefixtures("_low_limits")
def test_a_large_picture_is_turned_too() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = Image.fromarray(np.repeat(np.repeat(ARROW, 20, 0), 20, 1))
    raw = _encode(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif.tobytes())
    seen = np.asarray(_see(raw))
    assert seen.shape[1] == 2 * seen.shape[0]
    assert seen[:, 0, 0].min() > 90


def test_pillow_neither_warns_nor_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    raw = _encode(Image.fromarray(ARROW), "PNG")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(_see(raw), ARROW)
        palette = _encode(Image.fromarray(ARROW[..., 0], "L").convert("P"), "PNG", transparency=bytes([0, 255]))
        assert np.asarray(_see(palette)).shape == (8, 16, 3)
    assert Image.MAX_IMAGE_PIXELS == 10


@pytest.mark.parametrize(("kind", "lost"), [("JPEG", 400), ("PNG", 60), ("GIF", 60), ("BMP", 60), ("WEBP", 60)])
def test_a_file_that_is_cut_short(kind: str, lost: int) -> None:
    raw = _encode(Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)), kind)
    assert _see(raw[:-lost]) is Unreadable.DAMAGED


def test_a_damaged_tiff_says_nothing_by_itself(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    raw = bytearray(_encode(Image.fromarray(ARROW).resize((64, 64)), "TIFF", compression="tiff_lzw"))
    raw[20:200] = b"\xff" * 180
    _see(bytes(raw))
    assert capfd.readouterr() == ("", "")
