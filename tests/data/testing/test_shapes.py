"""The rendered shapes: pictures, masks and radii agree."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
from PIL import Image

from zoograph.data.testing.shapes import KINDS, write_shapes


def test_masks_have_the_area_that_the_radius_says(tmp_path: Path) -> None:
    with write_shapes(tmp_path / "shapes", 6).open() as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows] == [*KINDS] * 3
    for place, row in enumerate(rows):
        picture = np.asarray(Image.open(tmp_path / "shapes" / row["image"]))
        mask = np.asarray(Image.open(tmp_path / "shapes" / "masks" / f"{place}.png"))
        radius, inside = float(row["radius"]), place % 2 + 1
        assert set(np.unique(mask)) == {0, inside, 255}
        area = 4 * radius**2 if inside == 2 else math.pi * radius**2
        assert abs((mask == inside).sum() + (mask == 255).sum() / 2 - area) < 0.05 * area + 2 * radius
        assert picture[mask == 0].max() < 60
        assert picture[mask != 0].min() >= 150
