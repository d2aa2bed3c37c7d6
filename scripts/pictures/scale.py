"""The picture of ``zoograph benchmark scale``: time, memory and error against the number of runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from zoograph.scripts.pictures.style import COLORS, INK, figure_class, short_count

Row = dict[str, Any]
# Line styles say the same as colours once more, for readers in print.
_BLUE, _VERMILLION, _GREEN = COLORS[:3]
_GREY = "#777777"


class _Curve(NamedTuple):
    """One line of a panel: what it shows, how it looks, and how its last value is written."""

    label: str
    read: Callable[[Row], float]
    color: str
    style: str
    marker: str
    fill: str
    told: str = ""


_TIMES = (
    _Curve("training", lambda row: row["cpu_seconds"]["train"], _BLUE, "-", "o", _BLUE, "{:,.0f} s"),
    _Curve(
        "predicting a tenth of the records",
        lambda row: row["cpu_seconds"]["predict"],
        _VERMILLION,
        "--",
        "D",
        "none",
        "{:,.0f} s",
    ),
    _Curve(
        "making the zoo and its graph",
        lambda row: row["cpu_seconds"]["make"] + row["cpu_seconds"]["build"],
        _GREEN,
        "-.",
        "^",
        _GREEN,
        "{:,.0f} s",
    ),
)
_MEMORY = (
    _Curve("everything", lambda row: row["peak_rss_gib"]["predict"], _BLUE, "-", "o", _BLUE, "{:.1f} GiB"),
    _Curve("imported libraries alone", lambda row: row["imports_rss_gib"], _GREY, ":", "s", "white"),
)
_ERRORS = (
    _Curve("against the truth", lambda row: row["mae_truth"], _BLUE, "-", "o", _BLUE, "{:.3f}"),
    _Curve("the measurements themselves", lambda row: row["noise_floor"], _GREY, ":", "s", "white"),
)


def draw_scale(rows: list[Row]) -> Any:
    """Return the figure: time, memory and error against the number of runs.

    Raises:
        ZoographError: if matplotlib is not installed.
    """
    figure = figure_class()(figsize=(12.5, 4.4), dpi=130, facecolor="white", layout="constrained")
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

    time, memory, accuracy = figure.subplots(1, 3)
    for axes, curves in zip((time, memory, accuracy), (_TIMES, _MEMORY, _ERRORS), strict=True):
        for curve in curves:
            points = [(row["runs"], curve.read(row)) for row in rows]
            if not points:
                continue
            look = {"color": curve.color, "marker": curve.marker, "label": curve.label, "mfc": curve.fill}
            axes.plot(*zip(*points, strict=True), curve.style, lw=2, ms=8, mew=2, clip_on=False, **look)
            if curve.told:
                x, y = points[-1]
                place = {"xytext": (0, 9), "textcoords": "offset points", "ha": "center", "fontsize": 10}
                axes.annotate(curve.told.format(y), (x, y), color=curve.color, **place)

    titles = ("Processor seconds, one thread, log.", "Peak memory, GiB, log.", "Mean absolute error, held-out pairs")
    sizes = sorted({row["runs"] for row in rows})
    for axes, title in zip((time, memory, accuracy), titles, strict=True):
        axes.set(xscale="log", xlabel="runs in the zoo")
        axes.set_title(title, loc="left", fontsize=12.5, color=INK, pad=12)
        axes.xaxis.set_major_locator(FixedLocator(sizes))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_count(value)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.spines[["top", "right"]].set_visible(False)
    for axes in (time, memory):
        axes.set_yscale("log")
    memory.set_ylim(0.5, 16)
    memory.yaxis.set_major_locator(FixedLocator([0.5, 1, 2, 4, 8, 16]))
    memory.yaxis.set_minor_locator(NullLocator())
    accuracy.set_ylim(0, 1.45 * max((curve.read(row) for curve in _ERRORS for row in rows), default=1.0))
    for axes in (time, memory):
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    for axes in (time, memory, accuracy):
        axes.grid(color="#DDDDDD", lw=0.8)
        axes.legend(frameon=False, fontsize=10, loc="upper left" if axes is not accuracy else "upper right")
    low, high = time.get_ylim()
    time.set_ylim(low, high * 60)  # room for the legend
    return figure
