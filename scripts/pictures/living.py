"""Pictures of a zoo that grows: error, coverage and time against records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from zoograph.scripts.pictures.style import INK, QUIET, label_axes, look, new_figure, say_starts

if TYPE_CHECKING:
    from zoograph.training.studies.replay import Step


class Point(NamedTuple):
    """One version: the runs that it learned from, its error on held-out cells, and whether it was promoted."""

    records: int
    error: float
    promoted: bool


def draw_learning_curve(curves: Mapping[str, Sequence[Point]]) -> Any:
    """Return error against records, a curve a predictor; versions that were kept aside are hollow."""
    figure = new_figure(3.0 + 0.17 * len(curves))
    axes = figure.subplots()
    for number, (name, points) in enumerate(curves.items()):
        style = look(number)
        taken = sorted(point for point in points if point.promoted)
        axes.plot(
            [point.records for point in taken],
            [point.error for point in taken],
            markersize=5,
            label=name,
            **style,
        )
        aside = [point for point in points if not point.promoted]
        label = f"{name}, kept aside" if aside else None
        hollow = {"facecolors": "white", "edgecolors": style["color"], "marker": style["marker"], "zorder": 3}
        axes.scatter([p.records for p in aside], [p.error for p in aside], s=36, label=label, **hollow)
    axes.set_ylim(0, 1.1 * max(point.error for points in curves.values() for point in points))
    axes.grid(alpha=0.25)
    label_axes(axes, "Error on held-out cells, version by version", "records", "mean absolute error")
    figure.legend(fontsize=8, frameon=False, loc="outside lower center", ncols=2)
    return figure


def draw_replay(steps: Sequence[Step]) -> Any:
    """Return error, coverage and time of a replay against the records that have arrived."""
    figure = new_figure(2.9)
    error, coverage, seconds = figure.subplots(1, 3)
    x = [step.records for step in steps]
    error.plot(x, [step.error for step in steps], markersize=3.5, label="predictor in use", **look(0))
    for number, name in enumerate(steps[0].baselines, start=1):
        y = [step.baselines[name] for step in steps]
        error.plot(x, y, markersize=3, linewidth=1.2, label=name, **look(number))
    aside = [step for step in steps if not step.promoted]
    if aside:
        style = {"facecolors": "white", "edgecolors": INK, "zorder": 3}
        error.scatter([s.records for s in aside], [s.error for s in aside], s=30, label="new one kept aside", **style)
    error.set_ylim(0, 1.4 * max(max(step.error, *step.baselines.values()) for step in steps))  # room for the legend
    coverage.axhline(0.9, color=QUIET, linewidth=1, label="promised: 90 %")
    coverage.plot(x, [step.coverage for step in steps], markersize=3.5, label="predictor in use", **look(0))
    coverage.set_ylim(0.7, 1.0)
    for number, start in enumerate(("full", "warm")):
        points = [(step.records, step.seconds) for step in steps if step.start == start]
        if points:
            seconds.scatter(*zip(*points, strict=True), s=20, label=f"{start} training", **look(4 + number))
    seconds.set_ylim(bottom=0)
    for axes, title in (
        (error, "Mean absolute error"),
        (coverage, "Share inside 90 % intervals"),
        (seconds, "Processor seconds to retrain"),
    ):
        axes.grid(alpha=0.25)
        label_axes(axes, title, "records that arrived")
    coverage.set_ylabel("share", fontsize=9, color=INK)
    say_starts(coverage)
    for axes in (error, coverage, seconds):
        axes.legend(fontsize=8, frameon=False, handlelength=1.4, loc="lower right" if axes is coverage else "best")
    return figure
