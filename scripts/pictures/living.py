"""Pictures of a zoo that grows: error, coverage and time against records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from zoograph.scripts.pictures.style import COLORS, INK, MARKERS, QUIET, label_axes, new_figure

if TYPE_CHECKING:
    from zoograph.training.studies.replay import Step


class Point(NamedTuple):
    """One version: the runs that it learned from, its error on held-out cells, and whether it was promoted."""

    records: int
    error: float
    promoted: bool


def draw_learning_curve(curves: Mapping[str, Sequence[Point]]) -> Any:
    """Return error against records, a curve a predictor; versions that were kept aside are hollow."""
    figure = new_figure(3.2)
    axes = figure.subplots()
    for number, (name, points) in enumerate(curves.items()):
        color = COLORS[number]
        taken = sorted(point for point in points if point.promoted)
        axes.plot(
            [point.records for point in taken],
            [point.error for point in taken],
            color=color,
            marker=MARKERS[number],
            markersize=5,
            label=name,
        )
        aside = [point for point in points if not point.promoted]
        label = f"{name}, kept aside" if aside else None
        style = {"facecolors": "white", "edgecolors": color, "marker": MARKERS[number], "zorder": 3}
        axes.scatter([p.records for p in aside], [p.error for p in aside], s=36, label=label, **style)
    axes.set_ylim(0, 1.3 * max(point.error for points in curves.values() for point in points))  # room for the legend
    axes.grid(alpha=0.25)
    label_axes(axes, "Error on held-out cells, version by version", "records", "mean absolute error")
    axes.legend(fontsize=8, frameon=False)
    return figure


def draw_replay(steps: Sequence[Step]) -> Any:
    """Return error, coverage and time of a replay against the records that have arrived."""
    figure = new_figure(2.9)
    error, coverage, seconds = figure.subplots(1, 3)
    x = [step.records for step in steps]
    error.plot(x, [step.error for step in steps], color=COLORS[0], marker=MARKERS[0], markersize=3.5, label="champion")
    for number, name in enumerate(steps[0].baselines, start=1):
        y = [step.baselines[name] for step in steps]
        error.plot(x, y, color=COLORS[number], marker=MARKERS[number], markersize=3, linewidth=1.2, label=name)
    aside = [step for step in steps if not step.promoted]
    if aside:
        style = {"facecolors": "white", "edgecolors": INK, "zorder": 3}
        error.scatter(
            [s.records for s in aside], [s.error for s in aside], s=30, label="challenger kept aside", **style
        )
    error.set_ylim(0, 1.4 * max(max(step.error, *step.baselines.values()) for step in steps))  # room for the legend
    coverage.axhline(0.9, color=QUIET, linewidth=1)
    coverage.plot(x, [step.coverage for step in steps], color=COLORS[0], marker=MARKERS[0], markersize=3.5)
    coverage.set_ylim(0.7, 1.0)
    for number, start in enumerate(("full", "warm")):
        points = [(step.records, step.seconds) for step in steps if step.start == start]
        if points:
            style = {"color": COLORS[4 + number], "marker": MARKERS[4 + number], "s": 20}
            seconds.scatter(*zip(*points, strict=True), label=f"{start} training", **style)
    seconds.set_ylim(bottom=0)
    for axes, title in (
        (error, "Mean absolute error"),
        (coverage, "Share inside 90 % intervals"),
        (seconds, "Processor seconds to retrain"),
    ):
        axes.grid(alpha=0.25)
        label_axes(axes, title, "records that arrived")
    error.legend(fontsize=8, frameon=False)
    seconds.legend(fontsize=8, frameon=False)
    return figure
