"""Picture of the graph: accuracies as a matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zoograph.scripts.pictures.style import COLORMAP, DIFFERENCES, INK, MISSING, label_axes, new_figure

Array = NDArray[np.float64]

_MANY_ROWS = 45
_LONGEST_NAME = 26
_GROUP_WIDTH, _TITLE_WIDTH = 14, 70
_NEARLY_ALL = 0.98  # of the errors; larger ones have the last colour
_BELOW: dict[str, Any] = {"fontsize": 8, "loc": "outside lower center", "frameon": False}


class Axis(NamedTuple):
    """One side of a matrix.

    Attributes:
        kind: what its nodes are, such as ``dataset``.
        names: of its nodes.
        groups: of its nodes, such as their domains; all the same if there are none.
    """

    kind: str
    names: Sequence[str]
    groups: Sequence[str]


def draw_matrix(panels: Mapping[str, Array], models: Axis, datasets: Axis, residual: Array) -> Any:
    """Return heat maps of accuracies and of errors side by side, the longer side downwards; grey is not known.

    Groups stand together. Within one, and from group to group, the highest mean accuracy comes first.

    Args:
        panels: (M, D) accuracies by title, NaN where there is none; the last one gives the order.
        models: the first side.
        datasets: the second side.
        residual: (M, D) predicted minus measured accuracy, NaN where nothing was predicted or measured.
    """
    last = list(panels.values())[-1]
    tall = len(datasets.names) >= len(models.names)
    down, across = (datasets, models) if tall else (models, datasets)
    tables = {title: table.T if tall else table for title, table in panels.items()}
    rows, columns = (
        _order(axis, np.nanmean(last.T if tall else last, axis=1 - k)) for k, axis in enumerate((down, across))
    )

    figure = new_figure(7.4 if len(rows) > _MANY_ROWS else max(3.2, 1.8 + 0.16 * len(rows)))
    axes_of = figure.subplots(1, len(tables) + 1, sharey=True, squeeze=False)[0]
    most = float(np.nanquantile(np.abs(residual), _NEARLY_ALL)) if np.isfinite(residual).any() else 1.0
    errors = residual.T if tall else residual
    shown = [(title, table, COLORMAP, 0.0, 1.0) for title, table in tables.items()]
    shown.append(("predicted − measured", errors, DIFFERENCES, -most, most))
    images = []
    for axes, (title, table, colors, low, high) in zip(axes_of, shown, strict=True):
        axes.set_facecolor(MISSING)
        hatch = axes.axhspan(-0.5, len(rows) - 0.5, facecolor=MISSING, edgecolor="white", hatch="//////", linewidth=0)
        hatch.set_zorder(0)
        cells = np.ma.masked_invalid(table[np.ix_(rows, columns)])
        style = {"aspect": "auto", "interpolation": "nearest", "zorder": 1}
        images.append(axes.imshow(cells, cmap=colors, vmin=low, vmax=high, **style))
        label_axes(axes, fill(title, _TITLE_WIDTH // len(shown)))
        axes.set_xticks(range(len(columns)), [_short(across.names[k]) for k in columns], rotation=90, fontsize=8)
        _label_rows(axes, down, rows, first=axes is axes_of[0])
    bars = {"shrink": 0.42, "pad": 0.02, "aspect": 22, "ax": axes_of}
    label_axes(figure.colorbar(images[-1], extend="both", **bars).ax, y="predicted − measured")
    label_axes(figure.colorbar(images[0], **bars).ax, y="accuracy")
    figure.legend([hatch], ["no value: not given, not measured or not predicted"], **_BELOW)
    return figure


def _order(axis: Axis, means: Array) -> list[int]:
    groups: dict[str, list[float]] = {}
    for group, mean in zip(axis.groups, means, strict=True):
        groups.setdefault(group, []).append(float(mean))
    level = {group: float(np.mean(values)) for group, values in groups.items()}
    return sorted(range(len(means)), key=lambda k: (-level[axis.groups[k]], axis.groups[k], -means[k]))


def _label_rows(axes: Any, axis: Axis, rows: Sequence[int], first: bool) -> None:
    groups = [axis.groups[k] for k in rows]
    starts = [k for k in range(len(rows)) if k == 0 or groups[k] != groups[k - 1]]
    for start in starts[1:]:
        axes.axhline(start - 0.5, color="white", linewidth=1.4, zorder=2)
    if not first:
        axes.tick_params(axis="y", length=0)
    elif len(rows) <= _MANY_ROWS:
        axes.set_yticks(range(len(rows)), [_short(axis.names[k]) for k in rows], fontsize=8)
    elif len(starts) > 1:
        ends = [*starts[1:], len(rows)]
        middles = [(start + end - 1) / 2 for start, end in zip(starts, ends, strict=True)]
        names = [fill(groups[k], _GROUP_WIDTH) for k in starts]
        axes.set_yticks(middles, names, fontsize=8, rotation=90, va="center", linespacing=0.95)
        axes.tick_params(axis="y", length=0)
    else:
        axes.set_yticks([])
    if first and len(rows) > _MANY_ROWS:
        axes.set_ylabel(f"{len(rows)} {axis.kind}s, highest mean accuracy first", fontsize=9, color=INK)


def _short(name: str) -> str:
    """Return a name that fits beside a picture: that of a hub without its owner, and its middle left out."""
    bare = name.rpartition("/")[2] or name
    return bare if len(bare) <= _LONGEST_NAME else f"{bare[: _LONGEST_NAME - 9]}…{bare[-8:]}"
