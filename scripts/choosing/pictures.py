"""Pictures of a choice: expected regret against time, and what is expected of the best candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoograph.data.records.records import Protocol
from zoograph.scripts.pictures.style import COLORS, INK, MARKERS, label_axes, new_figure

if TYPE_CHECKING:
    from zoograph.training.choosing.choice import Choice

_LEVELS = (Protocol.PROBE, Protocol.HEAD, Protocol.FINETUNE)
_MOST = 10
_SHORT = 180.0  # seconds; up to here they are what the axis of time counts


def draw_regret(choice: Choice) -> Any:
    """Return the points that the pick of each moment was expected to lose, against time, a mark a measurement.

    The line ends with the choice: candidates that failed after the last measurement are no longer compared there.
    """
    figure = new_figure(3.2)
    axes = figure.subplots()
    unit, seconds = ("seconds", 1) if choice.spent <= _SHORT else ("minutes", 60)
    times = [0.0, *(trial.elapsed / seconds for trial in choice.trials), choice.spent / seconds]
    regrets = [choice.first_regret, *(trial.regret for trial in choice.trials), choice.picked.regret]
    axes.plot(times, regrets, color=INK, linewidth=1, drawstyle="steps-post")
    for number, level in enumerate(_LEVELS):
        own = [trial for trial in choice.trials if trial.level is level]
        if own:
            x, y = [trial.elapsed / seconds for trial in own], [trial.regret for trial in own]
            style = {"color": COLORS[number], "marker": MARKERS[number], "s": 26, "zorder": 3, "clip_on": False}
            axes.scatter(x, y, label=level.description, **style)
    axes.axhline(choice.threshold, color=COLORS[4], linewidth=1, linestyle="--", label="enough: it stops below")
    if not choice.trials:
        middle: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "va": "center"}
        first, last = (f"{points:.2f} points" for points in (choice.first_regret, choice.picked.regret))
        said = f"{first} throughout" if first == last else f"{first} at first, and {last} in the end"
        axes.text(0.5, 0.5, f"Nothing was measured in this call: {said}.", **middle)
    axes.set_ylim(0, 1.15 * max(*regrets, choice.threshold) or 1.0)
    axes.set_xlim(left=0)
    axes.grid(alpha=0.25)
    label_axes(axes, f"Choosing for {choice.dataset}", unit, "expected regret, points of accuracy")
    axes.legend(fontsize=8, frameon=False)
    return figure


def draw_ranking(choice: Choice) -> Any:
    """Return the best candidates with their 90 % intervals, and what was measured of each."""
    shown = list(reversed(choice.ranking[:_MOST]))
    figure = new_figure(1.9 + 0.28 * len(shown))
    axes, key = figure.subplots(2, 1, height_ratios=(0.9 + 0.28 * len(shown), 0.5))
    places = range(len(shown))
    below, above = [c.predicted - c.lower for c in shown], [c.upper - c.predicted for c in shown]
    bars = {"fmt": "none", "ecolor": INK, "elinewidth": 1, "capsize": 2.5, "alpha": 0.6, "label": "90 % interval"}
    axes.errorbar([c.predicted for c in shown], places, xerr=(below, above), **bars)
    # What is expected of a candidate that was measured under the protocol lies under the mark of what was measured.
    open_ones = [(c.predicted, place) for place, c in enumerate(shown) if getattr(c, choice.protocol.value) is None]
    if open_ones:
        axes.scatter(*zip(*open_ones, strict=True), color=INK, s=16, zorder=3, label="expected")
    for number, level in enumerate(_LEVELS):
        known = [(value, place) for place, c in enumerate(shown) if (value := getattr(c, level.value)) is not None]
        if known:
            style = {"color": COLORS[number], "marker": MARKERS[number], "s": 26, "zorder": 4, "alpha": 0.8}
            axes.scatter(*zip(*known, strict=True), label=f"measured, {level.description}", **style)
    axes.set_yticks(list(places), [c.model for c in shown])
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.grid(alpha=0.25, axis="x")
    low = axes.get_xlim()[0]
    starts = "" if abs(low) < 0.005 else f" (axis starts at {low:.2f})"
    label_axes(axes, f"The choice first, then by expected regret: {choice.protocol.description}", f"accuracy{starts}")
    key.axis("off")
    key.legend(*axes.get_legend_handles_labels(), fontsize=8, frameon=False, loc="center", ncols=3)
    return figure
