"""What is wrong with bytes that are no sound image."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zoograph.data.images.reading.opening import is_deep, open_image
from zoograph.data.images.reading.unreadable import Unreadable


def test_an_image_is_opened_and_a_picture_is_itself() -> None:
    picture = Image.fromarray(np.zeros((3, 4), np.uint16))
    raw = io.BytesIO()
    picture.save(raw, "PNG")
    opened = open_image(raw.getvalue())
    assert not isinstance(opened, Unreadable)
    assert (opened.size, is_deep(opened)) == ((4, 3), True)
    assert open_image(picture) is picture


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", Unreadable.EMPTY),
        (b"<!DOCTYPE html><html><body>404</body></html>", Unreadable.WEB_PAGE),
        ("<p>gelöscht</p>".encode() * 500, Unreadable.WEB_PAGE),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Unreadable.HEIF),
        (bytes(range(256)), Unreadable.UNKNOWN),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, Unreadable.DAMAGED),
        (b"\xff\xd8\xff", Unreadable.DAMAGED),
    ],
)
def test_what_is_wrong_is_said(raw: bytes, kind: Unreadable) -> None:
    assert open_image(raw) is kind


# What the package does, for a file that is a PNG after the 24 bytes by which HEIC is recognised.
_PLUGIN = """
import io
from PIL import Image, ImageFile

class Heif(ImageFile.ImageFile):
    format = "HEIF"

    def _open(self):
        self.fp.seek(24)
        self.inner = Image.open(io.BytesIO(self.fp.read()))
        self._mode, self._size = self.inner.mode, self.inner.size

    def load(self):
        self.im = self.inner.load() and self.inner.im
        return super().load()

def register_heif_opener():
    Image.register_open("HEIF", Heif, lambda start: start[4:12] == b"ftypheic")
    Image.register_extensions("HEIF", [".heic", ".heif"])
"""
_LOOK = """
import sys, torch
from zoograph.data.images.loading import load_pictures
from zoograph.data.tasks.sources import open_task
task = open_task(sys.argv[1])
print([seen.tolist() for seen in load_pictures(task, lambda picture: torch.tensor(picture.getpixel((0, 0))))])
"""


@pytest.mark.parametrize("installed", [True, False])
def test_heic_is_read_with_its_package(
    tmp_path: Path, run_python: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    png = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 100, 50)).save(png, "PNG")
    for name in ("cat", "dog"):
        (tmp_path / "images" / name).mkdir(parents=True)
        (tmp_path / "images" / name / "0.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + png.getvalue())
    if installed:
        (tmp_path / "pillow_heif.py").write_text(_PLUGIN)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    ran = run_python(_LOOK, str(tmp_path / "images"))
    if installed:
        assert ran.out == "[[200, 100, 50], [200, 100, 50]]\n", ran.err
    else:
        assert "2 files ending in '.heic' (pip install pillow-heif makes them readable)" in ran.err


def test_no_other_program_is_run_on_a_file_that_is_called_an_image() -> None:
    raw = io.BytesIO()
    Image.new("RGB", (8, 8)).save(raw, "EPS")
    assert open_image(raw.getvalue()) is Unreadable.UNKNOWN
