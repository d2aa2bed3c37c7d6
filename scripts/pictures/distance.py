"""Pictures of parameter distances: T by block, and a forest of the coefficients behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from zoograph.scripts.pictures.style import COLORS, INK, QUIET, label_axes, look, new_figure
from zoograph.training.studies.distance.report import DistanceStudyReport, PairDistance

_MANY_BLOCKS = 9
_REGRESSORS = {"gap": "domain gap G", "spread": "intraclass variance D", "log_images": "log N"}


def draw_lines(lines: Mapping[str, Mapping[str, float]], title: str = "") -> Any:
    """Return T by block, one line a dataset; a block that did not move leaves a gap.

    Args:
        lines: dataset -> block -> T.
        title: over the picture.
    """
    blocks = list(dict.fromkeys(block for line in lines.values() for block in line))
    figure = new_figure(3.6)
    axes = figure.subplots()
    _draw(axes, lines, blocks)
    label_axes(axes, title, "", "T (log scale)")
    figure.legend(fontsize=8, loc="outside lower center", ncols=4, frameon=False)
    return figure


def draw_blocks(pairs: Sequence[PairDistance]) -> Any:
    """Return T by block in a panel for each architecture, one line a family of targets: geometric means of pairs."""
    architectures = list(dict.fromkeys(pair.architecture for pair in pairs))
    families = list(dict.fromkeys(pair.family for pair in pairs))
    figure = new_figure(2.7 * math.ceil(len(architectures) / 2) + 0.6)
    panels = figure.subplots(math.ceil(len(architectures) / 2), 2, squeeze=False, sharey=True).flatten().tolist()
    for axes, architecture in zip(panels, architectures, strict=False):
        own = [pair for pair in pairs if pair.architecture == architecture]
        lines = {family: _mean_line([pair.blocks for pair in own if pair.family == family]) for family in families}
        _draw(axes, lines, list(own[0].blocks))
        label_axes(axes, f"{architecture}, {len(own)} pairs", "", "T (log scale)" if axes in panels[::2] else "")
    for axes in panels[len(architectures) :]:
        axes.remove()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, loc="outside lower center", ncols=4, frameon=False)
    return figure


def draw_forest(report: DistanceStudyReport) -> Any:
    """Return the coefficients of every regression with their intervals, the published ones beside them."""
    ours = [report.pooled, *report.architectures]
    names = [f"{row.name}, here" for row in ours] + [f"{row.architecture}, published" for row in report.published]
    figure = new_figure(1.2 + 0.27 * len(names))
    panels = figure.subplots(1, len(_REGRESSORS), sharex=True, sharey=True)  # lengths can be compared
    for place, (axes, (name, title)) in enumerate(zip(panels, _REGRESSORS.items(), strict=True)):
        axes.axvline(0, color=QUIET, linewidth=0.8)
        for row, regression in enumerate(ours):
            one = next(found for found in regression.coefficients if found.name == name)
            color = INK if row == 0 else COLORS[0]
            bar = axes.plot([one.lower, one.upper], [row, row], color=color, linewidth=2.2 if row == 0 else 1.4)[0]
            axes.plot(one.value, row, marker="D" if row == 0 else "o", color=color, markersize=5.5)
        for row, published in enumerate(report.published, len(ours)):
            axes.plot(published.coefficients[place], row, marker="s", color=COLORS[1], markersize=5.5, linestyle="")
        axes.axhline(len(ours) - 0.5, color=QUIET, linewidth=0.6, linestyle=":")
        axes.grid(axis="x", alpha=0.25)
        label_axes(axes, title, "change of log T")
    panels[0].set_yticks(range(len(names)), names, fontsize=8)
    panels[0].invert_yaxis()
    words = "bars: 95 % intervals; one standard deviation of a regressor changes log T by so much"
    figure.legend([bar], [words], fontsize=8, loc="outside lower center", frameon=False)
    return figure


def _draw(axes: Any, lines: Mapping[str, Mapping[str, float]], blocks: Sequence[str]) -> None:
    axes.axhline(1, color=QUIET, linewidth=0.8, label="T = 1: no nearer than chance")
    for number, (name, line) in enumerate(lines.items()):
        values = [line.get(block, math.nan) for block in blocks]
        shown = [value if math.isfinite(value) else math.nan for value in values]
        axes.plot(range(len(blocks)), shown, label=name, markersize=4.5, linewidth=1.3, **look(number))
    axes.set_yscale("log", subs=[2, 5])
    for set_formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        set_formatter("{x:g}")
    names = [block.replace("+", "\n+") for block in blocks]
    if len(blocks) < _MANY_BLOCKS:
        axes.set_xticks(range(len(blocks)), names, rotation=45, ha="right", rotation_mode="anchor")
    else:
        axes.set_xticks(range(len(blocks)), names, rotation=90)
    axes.tick_params(which="both", labelsize=8, colors=INK)
    axes.grid(alpha=0.25, which="both")


def _mean_line(lines: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the geometric mean of T by block."""
    if not lines:
        return {}
    return {block: math.exp(fmean(math.log(line[block]) for line in lines)) for block in lines[0]}
