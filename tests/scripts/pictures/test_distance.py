"""Pictures of parameter distance: lines by block."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from zoograph.scripts.pictures.distance import draw_lines
from zoograph.scripts.pictures.style import to_png


def _is_drawn(content: Path | bytes) -> bool:
    from io import BytesIO

    with Image.open(BytesIO(content) if isinstance(content, bytes) else content) as image:
        return image.width == 1050 and len(image.getcolors(256) or []) > 10


def test_lines_of_networks_with_many_blocks() -> None:
    lines = {name: {f"layer{place}": float(place + 1) for place in range(17)} for name in ("pets", "birds")}
    assert _is_drawn(to_png(draw_lines(lines, "T by block")))
