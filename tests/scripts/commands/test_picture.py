"""`picture`: the same file every time, small enough for the README."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from zoograph.data.errors import ZoographError
from zoograph.scripts.commands import picture


def test_shipped_picture_is_small() -> None:
    shipped = Path(__file__).resolve().parents[3] / "docs" / "graph.png"
    assert shipped.stat().st_size < 200_000


def test_the_same_picture_every_time(run_command: Callable[..., Any], tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        ran = run_command(picture.picture, "--out", str(tmp_path / name), "--json")
        assert (ran.code, json.loads(ran.out)["file"]) == (0, str(tmp_path / name))
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    with Image.open(tmp_path / "one.png") as image:
        assert image.size == (1300, 1092)


def test_unwritable_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZoographError, match=r"cannot be written .*No such file.*--out"):
        picture.picture(tmp_path / "missing" / "graph.png")
