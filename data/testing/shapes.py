"""Rendered shapes whose class, size and pixels are known: pictures, masks, and a table with the radius of each."""

from __future__ import annotations

import csv
import random
from pathlib import Path

KINDS = ("disc", "square")
"""Classes of pixels are 0 for the background and 1, 2 for these; the outline of a shape is 255, no class."""

_SIZE = 64


def write_shapes(folder: Path, number: int = 24, seed: int = 0) -> Path:
    """Write ``images`` and ``masks`` of one shape each, and ``shapes.csv`` with its radius in pixels.

    Args:
        folder: is made.
        number: of pictures; kinds take turns.
        seed: of sizes, places and tints.

    Returns:
        The table, with the columns ``image``, ``kind`` and ``radius``.
    """
    from PIL import Image, ImageDraw

    draw_from = random.Random(seed)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    rows = []
    for place in range(number):
        kind = place % len(KINDS)
        radius = draw_from.uniform(6, 24)
        x, y = (draw_from.uniform(radius, _SIZE - radius) for _ in range(2))
        picture = Image.new("RGB", (_SIZE, _SIZE), (draw_from.randrange(60),) * 3)
        mask = Image.new("L", (_SIZE, _SIZE), 0)
        box = (x - radius, y - radius, x + radius, y + radius)
        tint = tuple(draw_from.randrange(150, 256) for _ in range(3))
        for canvas, fill, outline in ((picture, tint, tint), (mask, kind + 1, 255)):
            pen = ImageDraw.Draw(canvas)
            (pen.ellipse if kind == 0 else pen.rectangle)(box, fill=fill, outline=outline)
        picture.save(folder / "images" / f"{place}.png")
        mask.save(folder / "masks" / f"{place}.png")
        rows.append((f"images/{place}.png", KINDS[kind], f"{radius:.3f}"))
    table = folder / "shapes.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("image", "kind", "radius"), *rows])
    return table
