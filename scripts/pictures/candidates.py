"""The picture of a ranking: accuracy with its interval against cost, and the names of those on the front."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zoograph.data.files.counts import count_of
from zoograph.scripts.pictures.style import COLORS, INK, QUIET, label_axes, new_figure, say_starts
from zoograph.training.answers.notes import format_interval

if TYPE_CHECKING:
    from zoograph.training.answers.recommend import Candidate, Recommendation

_MOST_NAMED = 14
_PANEL, _LINE = 4.4, 0.17  # inches


def draw_candidates(answer: Recommendation) -> Any:
    """Return expected accuracy against cost of all candidates of known cost; those on the front have numbers.

    Of those that are too near to each other to be named, some are that are spread along the front, its ends included.
    """
    known = [candidate for candidate in answer.everyone if candidate.cost is not None]
    front = sorted((candidate for candidate in known if candidate.front), key=lambda c: (c.cost, c.predicted))
    named = spread(front, _MOST_NAMED)
    figure = new_figure(_PANEL + _LINE * len(named))
    axes, key = figure.subplots(2, 1, height_ratios=(_PANEL, _LINE * max(len(named), 1)))
    if rest := [candidate for candidate in known if not candidate.front]:
        x, y = [c.cost for c in rest], [c.predicted for c in rest]
        axes.scatter(x, y, s=8, alpha=0.4, color=QUIET, linewidths=0, label=f"other candidates ({len(rest):,})")
    _draw_front(axes, front, named)
    if known:
        _write_costs(axes, [candidate.cost or 1.0 for candidate in known])
    axes.margins(y=0.08)
    axes.grid(alpha=0.25)
    where = f" on {answer.cost.device}" if answer.cost.device else ""
    cost = f"cost: {answer.cost.unit}{where}, logarithmic"
    label_axes(axes, answer.title, cost, f"expected {answer.metric.description}")
    say_starts(axes)
    if known:
        axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, frameon=False)
    _write_key(key, named, len(front), len(answer.everyone) - len(known))
    return figure


def _write_costs(axes: Any, costs: Sequence[float]) -> None:
    """Make the axis of costs logarithmic, with plain numbers at its ticks: 1, 2 and 5 where it spans two decades."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set_xscale("log")
    few = max(costs) < 100 * min(costs)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,)))
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.xaxis.set_minor_formatter(NullFormatter())


def spread(front: Sequence[Candidate], most: int) -> list[Candidate]:
    """Return at most so many of a front, the first and the last included, that are not close to each other in cost.

    Args:
        front: in the order of their costs.
        most: 2 or more.
    """
    if len(front) <= 2:
        return list(front)
    places = [math.log(c.cost or 1.0) for c in front]
    gap = (places[-1] - places[0]) / (most - 1) - 1e-9
    chosen, last = [front[0]], places[0]
    for candidate, place in zip(front[1:-1], places[1:-1], strict=True):
        if place - last >= gap and places[-1] - place >= gap:
            chosen, last = [*chosen, candidate], place
    return [*chosen, front[-1]]


def _draw_front(axes: Any, front: Sequence[Candidate], named: Sequence[Candidate]) -> None:
    x, y = [c.cost for c in front], [c.predicted for c in front]
    axes.plot(x, y, color=COLORS[0], linewidth=1, alpha=0.6, drawstyle="steps-post")
    below, above = [c.predicted - c.lower for c in named], [c.upper - c.predicted for c in named]
    bars = {"fmt": "none", "ecolor": COLORS[0], "elinewidth": 1, "capsize": 2.5, "alpha": 0.6}
    axes.errorbar(
        [c.cost for c in named],
        [c.predicted for c in named],
        (below, above),
        label="90 % interval of a measurement",
        **bars,
    )
    axes.scatter(x, y, s=22, color=COLORS[0], zorder=3, label="Pareto front")
    for number, candidate in enumerate(named, start=1):
        place, word = (candidate.cost, candidate.upper), {"fontsize": 8, "color": INK, "fontweight": "bold"}
        axes.annotate(str(number), place, (0, 3), textcoords="offset points", ha="center", va="bottom", **word)


def _write_key(axes: Any, named: Sequence[Candidate], num_front: int, num_unknown: int) -> None:
    """Write the names of the numbered points below the picture."""
    axes.axis("off")
    width = max((len(candidate.model) for candidate in named), default=0)
    lines = [
        f"{number:>2}  {c.model:<{width}}  {c.predicted:.3f}  {format_interval(c.lower, c.upper)}"
        for number, c in enumerate(named, start=1)
    ]
    if num_front > len(named):
        lines.append(f"{num_front - len(named):,} more on the front are not named.")
    if num_unknown:
        are = count_of(num_unknown, "candidate of unknown cost is", "candidates of unknown cost are")
        lines.append(f"{are} not drawn.")
    words = {"fontsize": 7.5, "family": "monospace", "color": INK}
    axes.text(0.0, 1.0, "\n".join(lines), va="top", transform=axes.transAxes, **words)
