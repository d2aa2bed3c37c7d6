"""Reliability diagram: coverage by group, the chance of being the best, and regret, stated against measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zoograph.scripts.pictures.style import COLORS, INK, QUIET, label_axes, new_figure, say_starts

if TYPE_CHECKING:
    from zoograph.training.studies.reliability.report import Bin, Reliability, Share


def draw_reliability(report: Reliability) -> Any:
    """Return the picture of a report; bars are 95 % intervals over whole families, models, domains or collections."""
    from matplotlib.legend_handler import HandlerTuple
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    figure = new_figure(3.6)
    coverage, best, regret = figure.subplots(1, 3, width_ratios=(1.25, 1, 1))
    _draw_coverage(coverage, report)
    for axes, of, title in (
        (best, "best", "Chance of being the best"),
        (regret, "regret", "Regret of the first"),
    ):
        _draw_bins(axes, [found for found in report.bins if found.of == of])
        label_axes(axes, title, "stated, noise included", "measured")
    words = (
        "85 to 95 %",
        "promised",
        "all collections together",
        "one collection",
        "statements that are alike",
        "95 % interval",
    )
    dot: dict[str, Any] = {"linestyle": "", "color": COLORS[0], "marker": "o"}
    marks = (
        Patch(color=COLORS[2], alpha=0.15),
        Line2D([], [], color=QUIET, linewidth=0.8),
        Line2D([], [], markersize=5.5, **dot),
        Line2D([], [], markersize=3.5, markerfacecolor="none", **dot),
        Line2D([], [], linestyle="", color=COLORS[1], marker="s", markersize=4.5),
        (Line2D([], [], color=COLORS[0], linewidth=1.6), Line2D([], [], color=COLORS[1], linewidth=1.6)),
    )
    beside = {tuple: HandlerTuple(ndivide=None)}
    figure.legend(marks, words, handler_map=beside, fontsize=8, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _draw_coverage(axes: Any, report: Reliability) -> None:
    """Draw each group: small marks for collections, a large one for all of them."""
    from zoograph.training.studies.reliability.report import ALL

    names = list(dict.fromkeys(group.group for group in report.groups))
    axes.axvspan(0.85, 0.95, color=COLORS[2], alpha=0.15, linewidth=0)
    axes.axvline(0.9, color=QUIET, linewidth=0.8)
    for row, name in enumerate(names):
        own = [group for group in report.groups if group.group == name]
        single = [group for group in own if group.collection != ALL]
        values = [group.coverage.value for group in single]
        axes.scatter(values, [row + 0.22] * len(values), s=12, facecolors="none", edgecolors=COLORS[0], linewidth=0.9)
        for group in own:
            if group.collection == ALL or len(own) == 1:
                _bar(axes, group.coverage, row)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(min([0.5, *(g.coverage.value - 0.02 for g in report.groups)]), 1.01)
    axes.grid(axis="x", alpha=0.25)
    label_axes(axes, "Coverage of 90 % intervals", "share inside")
    say_starts(axes)


def _bar(axes: Any, share: Share, row: float) -> None:
    if share.lower is not None:
        axes.plot([share.lower, share.upper], [row, row], color=COLORS[0], linewidth=1.6)
    axes.plot(share.value, row, marker="o", color=COLORS[0], markersize=5.5)


def _draw_bins(axes: Any, bins: Sequence[Bin]) -> None:
    ends = [0.0, *(found.stated for found in bins), *(found.actual.upper or found.actual.value for found in bins)]
    top = 1.05 * max(ends) or 1.0
    axes.plot([0, top], [0, top], color=QUIET, linewidth=0.8)
    for found in bins:
        if found.actual.lower is not None:
            axes.plot([found.stated] * 2, [found.actual.lower, found.actual.upper], color=COLORS[1], linewidth=1.4)
        axes.plot(found.stated, found.actual.value, marker="s", color=COLORS[1], markersize=4.5)
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    axes.grid(alpha=0.25)
    axes.tick_params(colors=INK)
