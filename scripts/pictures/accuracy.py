"""Pictures of how good predictions are: each takes numbers and returns a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zoograph.scripts.pictures.style import COLORMAP, COLORS, INK, QUIET, label_axes, look, new_figure, say_starts

Array = NDArray[np.float64]
Correlations = Mapping[str, Mapping[str, float]]
Means = Mapping[str, float]

_MANY_CELLS = 3000
_MANY_DATASETS = 30
_NUM_BINS = 5
_FAIR = (0.87, 0.93)
_FAIR_BAND = "#E3EEF6"
_LINES = ("-", (0, (5, 2)), (0, (1.5, 1.5)))


class Cells(NamedTuple):
    """What one method said of n cells that were never given.

    Attributes:
        method: its name.
        measured: (n,) accuracies.
        mean: (n,) predictions.
        lower: (n,) lower ends of the 90 % intervals.
        upper: (n,) upper ends.
        fold: (n,) number of the fold that asked.
    """

    method: str
    measured: Array
    mean: Array
    lower: Array
    upper: Array
    fold: NDArray[np.int64]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which measured accuracies lie in their intervals."""
        return (self.lower <= self.measured) & (self.measured <= self.upper)

    @property
    def width(self) -> Array:
        """How wide the intervals are."""
        return self.upper - self.lower


def draw_predicted(methods: Sequence[Cells]) -> Any:
    """Return predicted against measured accuracies, a panel a method."""
    figure = new_figure(3.6)
    panels = figure.subplots(1, len(methods), sharex=True, sharey=True, squeeze=False)[0]
    every = np.concatenate([part for cells in methods for part in (cells.measured, cells.mean)])
    low, high = min(0.0, every.min()), max(1.0, every.max()) + 0.02
    densities = []
    for axes, cells in zip(panels, methods, strict=True):
        if len(cells.mean) > _MANY_CELLS:
            extent = (low, high, low, high)
            shape = {"gridsize": 44, "extent": extent, "mincnt": 1, "linewidths": 0.1}
            densities.append(axes.hexbin(cells.mean, cells.measured, bins="log", cmap=COLORMAP, **shape))
        else:
            axes.scatter(cells.mean, cells.measured, s=9, alpha=0.35, color=COLORS[0], linewidths=0)
        axes.plot((low, high), (low, high), color=INK, linewidth=1, linestyle=(0, (4, 3)), label="as predicted")
        axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
        axes.legend(fontsize=8, loc="upper left", frameon=False)
        label_axes(axes, f"{cells.method}: MAE {np.abs(cells.mean - cells.measured).mean():.4f}", "predicted accuracy")
    panels[0].set_ylabel("measured accuracy", fontsize=9, color=INK)
    if densities:
        most = max(density.get_array().max() for density in densities)
        for density in densities:
            density.set_clim(1, most)
        bar = figure.colorbar(densities[0], ax=panels, shrink=0.85, pad=0.02)
        label_axes(bar.ax, y="pairs (logarithmic)")
    figure.suptitle(f"{len(methods[0].mean):,} accuracies that the method did not know", fontsize=10, color=INK)
    return figure


def draw_ranking(per_method: Correlations, means: Means, ceiling: float | None = None) -> Any:
    """Return the Pearson correlation of every dataset: by name if there are few, else sorted.

    Args:
        per_method: correlation by dataset, by method; the first method is the one in question.
        means: what the table says of each method.
        ceiling: what it says of an oracle.
    """
    first = next(iter(per_method.values()))
    if len(first) > _MANY_DATASETS:
        figure = new_figure(3.4)
        left, right = figure.subplots(1, 2, width_ratios=(1.35, 1))
        _draw_sorted(left, per_method, means, ceiling)
        _draw_paired(right, per_method)
    else:
        figure = new_figure(1.5 + 0.24 * len(first))
        _draw_named(figure.subplots(), per_method, means, ceiling)
    return figure


def _draw_sorted(axes: Any, per_method: Correlations, means: Means, ceiling: float | None) -> None:
    for number, (method, values) in enumerate(per_method.items()):
        ordered = np.sort(list(values.values()))
        share = (np.arange(len(ordered)) + 0.5) / len(ordered)
        label = f"{method}, mean {means[method]:.3f}"
        axes.plot(share, ordered, color=COLORS[number], linestyle=_LINES[number], linewidth=1.8, label=label)
    _state_ceiling(axes, ceiling)
    axes.set(xlim=(0, 1), ylim=(None, 1.02))
    axes.grid(alpha=0.25)
    label_axes(axes, "Models ranked on each dataset", "share of datasets, worst first", "Pearson correlation")
    say_starts(axes)
    axes.legend(fontsize=8, loc="lower right", frameon=False)


def _draw_paired(axes: Any, per_method: Correlations) -> None:
    (ours, first), *others = per_method.items()
    if not others:
        axes.axis("off")
        return
    theirs, second = others[0]
    shared = sorted(first.keys() & second.keys())
    x, y = (np.array([values[name] for name in shared]) for values in (second, first))
    low = float(np.concatenate([x, y]).min()) - 0.05
    axes.scatter(x, y, s=10, alpha=0.5, color=COLORS[0], linewidths=0, label="one dataset")
    axes.plot((low, 1), (low, 1), color=INK, linewidth=1, linestyle=(0, (4, 3)), label="both alike")
    axes.set(xlim=(low, 1.02), ylim=(low, 1.02), aspect="equal")
    label_axes(axes, f"{ours} ahead on {100 * (y > x).mean():.0f} % of {len(x)}", theirs, ours)
    say_starts(axes)
    axes.legend(fontsize=8, loc="upper left", frameon=False)


def _draw_named(axes: Any, per_method: Correlations, means: Means, ceiling: float | None) -> None:
    first = next(iter(per_method.values()))
    names = sorted(first, key=lambda name: first[name])
    for number, (method, values) in reversed(list(enumerate(per_method.items()))):
        known = [(values[name], row) for row, name in enumerate(names) if name in values]
        if not known:
            continue
        x, y = np.array(known).T
        style: dict[str, Any] = {"s": 46 if number == 0 else 30, **look(number)}
        axes.scatter(x, y - 0.14 * (number - 1), label=f"{method}, mean {means[method]:.3f}", zorder=3, **style)
    _state_ceiling(axes, ceiling)
    axes.grid(alpha=0.25)
    label_axes(axes, "Models ranked on each dataset", "Pearson correlation")
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(-0.6, len(names) - 0.4)
    say_starts(axes)
    handles, labels = axes.get_legend_handles_labels()
    axes.figure.legend(handles[::-1], labels[::-1], fontsize=8, loc="outside lower center", ncols=4, frameon=False)


def _state_ceiling(axes: Any, ceiling: float | None) -> None:
    """Name an oracle's mean in the legend: drawn as a line it would look like a limit of each dataset."""
    if ceiling is not None:
        axes.plot([], [], linestyle="", label=f"noise ceiling of the mean: {ceiling:.3f}")


def draw_intervals(methods: Sequence[Cells]) -> Any:
    """Return how often 90 % intervals hold, by their width and by the prediction, and how wide they are."""
    figure, spreads = new_figure(3.3), False
    by_width, by_mean, widths = figure.subplots(1, 3)
    by_mean.sharey(by_width)
    for axes, title, name in (
        (by_width, "Coverage by width", "width"),
        (by_mean, "Coverage by prediction", "mean"),
    ):
        band = axes.axhspan(*_FAIR, color=_FAIR_BAND, linewidth=0)
        promised = axes.axhline(0.9, color=QUIET, linewidth=1)
        for number, cells in enumerate(methods):
            x, y, spread = _binned(getattr(cells, name), cells.inside, cells.fold)
            style: dict[str, Any] = {"markersize": 4.5, "linewidth": 1.5, **look(number)}
            bars = axes.errorbar(x, y, spread, capsize=2.5, elinewidth=1, **style)
            bars.lines[0].set_linestyle(_LINES[number])
            spreads = spread is not None
        axes.grid(alpha=0.25)
        label_axes(axes, title, "interval width" if name == "width" else "prediction")
    by_width.set_ylabel("share inside", fontsize=9, color=INK)
    by_width.set_ylim(min(0.8, by_width.get_ylim()[0]), 1.0)
    by_width.set_xlim(left=0)
    say_starts(by_width)
    say_starts(by_mean)
    by_mean.tick_params(labelleft=False)

    most = max(float(np.quantile(cells.width, 0.995)) for cells in methods)
    for number, cells in enumerate(methods):
        ordered = np.sort(cells.width)
        share = (np.arange(len(ordered)) + 1) / len(ordered)
        label = f"{cells.method}: {100 * cells.inside.mean():.1f} % inside, mean width {cells.width.mean():.3f}"
        widths.plot(ordered, share, color=COLORS[number], linestyle=_LINES[number], linewidth=1.8, label=label)
    widths.set(xlim=(0, most), ylim=(0, 1.02))
    widths.grid(alpha=0.25)
    label_axes(widths, "Width", "interval width", "share of cells not wider")
    lines, labels = widths.get_legend_handles_labels()
    fair = f"{100 * _FAIR[0]:.0f} to {100 * _FAIR[1]:.0f} %" + ("; bars: ± 1 standard deviation of the folds" * spreads)
    handles = ([*lines, promised, band], [*labels, "promised: 90 %", fair])
    figure.legend(*handles, fontsize=8, loc="outside lower center", ncols=2, frameon=False)
    return figure


def _binned(values: Array, inside: NDArray[np.bool_], fold: NDArray[np.int64]) -> tuple[Array, Array, Array | None]:
    """Return centre, coverage and standard deviation over folds of bins with equally many cells."""
    edges = np.quantile(values, np.linspace(0, 1, _NUM_BINS + 1)[1:-1])
    bins = np.searchsorted(edges, values, side="right")
    present = np.unique(bins)
    centre = np.array([np.median(values[bins == k]) for k in present])
    share = np.array([inside[bins == k].mean() for k in present])
    folds = [[inside[(bins == k) & (fold == f)] for f in np.unique(fold)] for k in present]
    if len(np.unique(fold)) < 2 or any(len(part) == 0 for parts in folds for part in parts):
        return centre, share, None
    return centre, share, np.array([np.std([part.mean() for part in parts], ddof=1) for parts in folds])
