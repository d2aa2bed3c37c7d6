"""The picture of ``zoograph benchmark hub``: time, memory and the time of an answer against the number of models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from zoograph.scripts.pictures.style import COLORS, INK, figure_class, short_count

Row = dict[str, Any]
# Line styles say the same as colours once more, for readers in print.
_BLUE, _VERMILLION, _GREEN, _PURPLE = COLORS[:4]
_GREY = "#777777"


class _Curve(NamedTuple):
    label: str
    read: Callable[[Row], float]
    color: str
    style: str
    marker: str


def _cpu(stage: str) -> Callable[[Row], float]:
    return lambda row: row["stages"][stage]["cpu_seconds"]


def _peak(stage: str) -> Callable[[Row], float]:
    return lambda row: row["stages"][stage]["peak_rss_gib"]


_TIMES = (
    _Curve("building the graph", _cpu("graph"), _BLUE, "-", "o"),
    _Curve(
        "a training epoch",
        lambda row: row["stages"]["train"]["cpu_seconds"] / row["stages"]["train"]["epochs"],
        _VERMILLION,
        "--",
        "D",
    ),
    _Curve("vectors of all models", _cpu("embed"), _GREEN, "-.", "^"),
    _Curve("the index", _cpu("index"), _PURPLE, ":", "s"),
)
_MEMORY = (
    _Curve("building the graph", _peak("graph"), _BLUE, "-", "o"),
    _Curve("training", _peak("train"), _VERMILLION, "--", "D"),
    _Curve("vectors of all models", _peak("embed"), _GREEN, "-.", "^"),
    _Curve("the index", _peak("index"), _PURPLE, ":", "s"),
)
_ANSWERS = (
    _Curve("ten best, from the index", lambda row: row["stages"]["ask"]["search_ms"]["median"], _BLUE, "-", "o"),
    _Curve("judging 100 of them", lambda row: row["stages"]["ask"]["judge_ms"]["median"], _VERMILLION, "--", "D"),
    _Curve("all products", lambda row: row["stages"]["ask"]["brute_force_ms"]["median"], _GREY, ":", "s"),
)


def draw_hub(rows: list[Row]) -> Any:
    """Return the figure: processor seconds, memory, and milliseconds of an answer against the number of models.

    Raises:
        ZoographError: if matplotlib is not installed.
    """
    figure = figure_class()(figsize=(12.5, 4.4), dpi=130, facecolor="white", layout="constrained")
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

    titles = ("Processor seconds, log.", "Peak memory of a stage, GiB, log.", "Milliseconds of an answer, median, log.")
    for axes, title, curves in zip(figure.subplots(1, 3), titles, (_TIMES, _MEMORY, _ANSWERS), strict=True):
        for curve in curves:
            points = [(row["models"], curve.read(row)) for row in rows]
            look = {"color": curve.color, "marker": curve.marker, "label": curve.label, "mfc": "white"}
            axes.plot([x for x, _ in points], [y for _, y in points], curve.style, lw=2, ms=7, mew=2, **look)
        axes.set(xscale="log", yscale="log", xlabel="models in the hub")
        axes.set_title(title, loc="left", fontsize=12.5, color=INK, pad=12)
        axes.xaxis.set_major_locator(FixedLocator([row["models"] for row in rows if row["models"] != 1_000_000]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_count(value)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        if curves is _MEMORY:  # less than a power of ten
            axes.yaxis.set_major_locator(FixedLocator([0.5, 1, 2, 4, 8, 16]))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#DDDDDD", lw=0.8)
        low, high = axes.get_ylim()
        axes.set_ylim(low, high * (high / low) ** 0.4)  # room for the legend
        axes.legend(frameon=False, fontsize=10, loc="upper left")
    return figure
