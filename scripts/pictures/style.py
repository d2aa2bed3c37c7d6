"""The house style of pictures of results: sizes, colours, and files that are small."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from zoograph.data.errors import ZoographError

INSTALL = "pip install 'matplotlib>=3.9'"
WIDTH = 7.0
DPI = 150
INK = "#222222"
QUIET = "#8A8A8A"
MISSING = "#DDDDDD"
# Okabe and Ito's colours, told apart by colour-blind readers too, and markers that say the same in print.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#222222")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
COLORMAP = "viridis"


def figure_class() -> Any:
    """Return matplotlib's ``Figure``.

    Raises:
        ZoographError: if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ZoographError(f"Drawing needs matplotlib, which is not installed: {INSTALL}.") from error
    return Figure


def require_matplotlib() -> None:
    """Raise unless pictures can be drawn, before the work that they are to show.

    Raises:
        ZoographError: if matplotlib is not installed.
    """
    figure_class()


def new_figure(height: float) -> Any:
    """Return an empty figure of the width of a page.

    Raises:
        ZoographError: if matplotlib is not installed.
    """
    return figure_class()(figsize=(WIDTH, height), dpi=DPI, facecolor="white", layout="constrained")


def label_axes(axes: Any, title: str = "", x: str = "", y: str = "") -> None:
    """Write the words around one picture, none of them smaller than eight points."""
    axes.set_title(title, fontsize=9.5, color=INK)
    axes.set_xlabel(x, fontsize=9, color=INK)
    axes.set_ylabel(y, fontsize=9, color=INK)
    axes.tick_params(labelsize=8, colors=INK)


def to_png(figure: Any) -> bytes:
    """Return a figure as a PNG file; the colours are few, and a palette keeps it small."""
    from PIL import Image

    drawn, small = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png")
    with Image.open(drawn) as image:
        image.convert("RGB").quantize(256).save(small, format="PNG", optimize=True)
    return small.getvalue()
