"""What is wrong with bytes that are no sound image."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from zoograph.data.images.opening import is_deep, open_image
from zoograph.data.images.unreadable import Unreadable


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
