"""White in pictures of more than 8 bits: one for all pictures of a dataset, never less than what a picture holds."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from zoograph.data.images.reading.depth import White, natural_white


@pytest.mark.parametrize(
    ("values", "white"),
    [
        ([0, 1], 1),
        ([0, 200], 255),
        ([0, 1000], 1023),
        ([7, 4095], 4095),
        ([3000, 60_000], 65_535),
        ([0, 70_000], 2**20 - 1),
        ([0.0, 0.25], 1),
        ([0.0, 254.5], 255),
        ([-1, 5], None),
        ([0.0, float("nan")], None),
        ([0.0, float("inf")], None),
        ([0, 2**30], 2**32 - 1),
        ([0, 2**33], None),
    ],
)
def test_the_fewest_bits_that_hold_all_values(values: list[float], white: int | None) -> None:
    assert natural_white(np.array(values)) == white


def _read(row: int) -> Image.Image:
    return Image.fromarray(np.full((2, 2), 100 if row else 3000, np.uint16))


def test_the_brightest_picture_decides_for_all() -> None:
    white = White(_read, 10)
    assert white.value == 4095
    assert white.of(np.array([100])) == 4095
    assert white.of(np.array([5000])) == 16_383


def test_pictures_of_eight_bits_have_none() -> None:
    assert White(lambda row: Image.new("RGB", (2, 2)), 10).value is None
    assert White(lambda row: b"garbage", 10).value is None


def test_some_are_looked_at() -> None:
    rows: list[int] = []

    def read(row: int) -> Image.Image:
        rows.append(row)
        return _read(row)

    assert White(read, 6400).value == 4095
    assert rows == list(range(0, 6400, 100))
