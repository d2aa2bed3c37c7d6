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
# Okabe and Ito's colours, told apart by colour-blind readers too, three more, and markers that say the same in print.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#222222", "#8C5A2B", "#7B52AB", "#9A9A9A")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", "*", "h")
COLORMAP = "viridis"
DIFFERENCES = "PuOr"


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
    """Write the words around one picture, none of them smaller than eight points; a dollar sign is no formula."""
    axes.set_title(title, fontsize=9.5, color=INK, parse_math=False)
    axes.set_xlabel(x, fontsize=9, color=INK, parse_math=False)
    axes.set_ylabel(y, fontsize=9, color=INK, parse_math=False)
    axes.tick_params(labelsize=8, colors=INK)


def look(number: int) -> dict[str, str]:
    """Return colour and marker of a series; of a hundred series, no two have the same of both."""
    turn, place = divmod(number, len(COLORS))
    return {"color": COLORS[place], "marker": MARKERS[(place + turn) % len(MARKERS)]}


def say_starts(axes: Any) -> None:
    """Say on the label of each linear axis that does not show 0 where it starts."""
    for name, get_limits in (("x", axes.get_xlim), ("y", axes.get_ylim)):
        low = min(get_limits())
        if (
            getattr(axes, f"get_{name}scale")() == "linear"
            and low > 0
            and (label := getattr(axes, f"get_{name}label")())
        ):
            getattr(axes, f"set_{name}label")(f"{label} (starts at {low:.2g})")


def short_count(value: float) -> str:
    """Write a count in a few characters.

    >>> short_count(1000), short_count(2700), short_count(2_000_000)
    ('1 k', '2.7 k', '2 M')
    """
    return f"{value / 1e6:g} M" if value >= 1e6 else f"{value / 1e3:g} k"


def to_png(figure: Any) -> bytes:
    """Return a figure as a PNG file; the colours are few, and a palette keeps it small."""
    from PIL import Image

    drawn, small = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png")
    with Image.open(drawn) as image:
        image.convert("RGB").quantize(256).save(small, format="PNG", optimize=True)
    return small.getvalue()
