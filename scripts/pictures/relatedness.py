"""Pictures of task-relatedness: the parts of the bound beside the true loss, and correlation by share of data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zoograph.scripts.pictures.style import COLORS, INK, QUIET, label_axes, look, new_figure, say_starts
from zoograph.training.studies.relatedness.report import Correlations, TargetParts

_PARTS = {
    "reference_loss": "reference loss",
    "label_mismatch": "label mismatch",
    "distribution_mismatch": "distance × τ",
}
_PANELS = {"models": "over models of a target", "targets": "over targets of a model", "finetuned": "fine-tuned pairs"}
_IN_QUESTION = "relatedness"


def draw_parts(parts: Sequence[TargetParts]) -> Any:
    """Return stacked bars of the bound's parts for each target, with the true loss as a mark."""
    rows = sorted(parts, key=lambda row: row.true_loss)
    figure = new_figure(1.4 + 0.24 * len(rows))
    axes = figure.subplots()
    left = [0.0] * len(rows)
    for number, (field, name) in enumerate(_PARTS.items()):
        widths = [getattr(row, field) for row in rows]
        axes.barh(range(len(rows)), widths, left=left, height=0.62, color=COLORS[number], label=name)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    losses = [row.true_loss for row in rows]
    axes.scatter(losses, range(len(rows)), marker="|", s=190, color=INK, linewidths=2, zorder=3, label="true loss")
    axes.set_yticks(range(len(rows)), [row.target for row in rows], fontsize=8)
    axes.grid(axis="x", alpha=0.25)
    label_axes(axes, "The bound and the loss that it bounds, means over twelve models", "nats")
    figure.legend(fontsize=8, loc="outside lower center", ncols=4, frameon=False)
    return figure


def draw_shares(correlations: Sequence[Correlations], images: Mapping[float, float]) -> Any:
    """Return correlation against the share of the target's data: over models, over targets, and fine-tuned."""
    figure = new_figure(3.7)
    panels = figure.subplots(1, 3, sharey=True)
    names = list(dict.fromkeys(row.score for row in correlations))
    for axes, (field, title) in zip(panels, _PANELS.items(), strict=True):
        for number, name in enumerate(names):
            rows = [row for row in correlations if row.score == name]
            bold = name == _IN_QUESTION
            line: dict[str, Any] = {"linewidth": 2.4 if bold else 1.2, "markersize": 4.5, **look(number)}
            shares = [100 * row.share for row in rows]
            axes.plot(shares, [getattr(row, field) for row in rows], label=name, **line)
        axes.axhline(0, color=QUIET, linewidth=0.8)
        axes.set_xscale("log")
        ticks = [100 * share for share in images]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks], fontsize=8)
        axes.minorticks_off()
        axes.grid(alpha=0.25)
        label_axes(axes, title, "% of the target's images, log.")
    panels[0].set_ylabel("Pearson correlation", fontsize=9, color=INK)
    say_starts(panels[0])
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, loc="outside lower center", ncols=5, frameon=False)
    return figure
