"""Pictures of the graph: accuracies as a matrix, and where models and datasets lie in the embedding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zoograph.scripts.pictures.style import COLORMAP, COLORS, INK, MARKERS, MISSING, QUIET, label_axes, new_figure

Array = NDArray[np.float64]

_MANY_ROWS = 45
_LONGEST_NAME = 26
_GROUP_WIDTH, _TITLE_WIDTH, _LEGEND_WIDTH = 14, 30, 48
_OTHER = "other or not known"


# Where a name may stand: its shift from the point, and which of its sides lies there.
_BESIDE = (
    ((5, 0), ("left", "center")),
    ((-5, 0), ("right", "center")),
    ((0, 5), ("center", "bottom")),
    ((0, -5), ("center", "top")),
    ((4, 4), ("left", "bottom")),
    ((4, -4), ("left", "top")),
    ((-4, 4), ("right", "bottom")),
    ((-4, -4), ("right", "top")),
)


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


def draw_matrix(panels: Mapping[str, Array], models: Axis, datasets: Axis) -> Any:
    """Return heat maps of accuracies side by side, the longer side downwards; grey is not measured.

    Groups stand together. Within one, and from group to group, the highest mean accuracy comes first.

    Args:
        panels: (M, D) accuracies by title, NaN where there is none; the last one gives the order.
        models: the first side.
        datasets: the second side.
    """
    last = list(panels.values())[-1]
    tall = len(datasets.names) >= len(models.names)
    down, across = (datasets, models) if tall else (models, datasets)
    tables = {title: table.T if tall else table for title, table in panels.items()}
    rows, columns = (
        _order(axis, np.nanmean(last.T if tall else last, axis=1 - k)) for k, axis in enumerate((down, across))
    )

    figure = new_figure(7.4 if len(rows) > _MANY_ROWS else max(3.2, 1.8 + 0.16 * len(rows)))
    axes_of = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
    low, high = (limit([limit(table[~np.isnan(table)]) for table in tables.values()]) for limit in (min, max))
    for axes, (title, table) in zip(axes_of, tables.items(), strict=True):
        axes.set_facecolor(MISSING)
        axes.axhspan(-0.5, len(rows) - 0.5, facecolor=MISSING, edgecolor="white", hatch="//////", linewidth=0, zorder=0)
        shown = np.ma.masked_invalid(table[np.ix_(rows, columns)])
        image = axes.imshow(shown, cmap=COLORMAP, vmin=low, vmax=high, aspect="auto", interpolation="nearest", zorder=1)
        label_axes(axes, fill(title, _TITLE_WIDTH))
        axes.set_xticks(range(len(columns)), [_short(across.names[k]) for k in columns], rotation=90, fontsize=8)
        _label_rows(axes, down, rows, first=axes is axes_of[0])
    bar = figure.colorbar(image, ax=axes_of, shrink=0.5, pad=0.02, aspect=28)
    label_axes(bar.ax, y="accuracy")
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


class Places(NamedTuple):
    """Nodes of one type on a map.

    Attributes:
        title: above the map.
        names: of the nodes.
        places: (n, 2) coordinates.
        groups: (n,) what colours say; empty where not known.
    """

    title: str
    names: Sequence[str]
    places: Array
    groups: Sequence[str]


def draw_map(maps: Sequence[Places]) -> Any:
    """Return embeddings as points, a panel a node type, with as many names as there is room for."""
    figure = new_figure(4.6)
    panels = figure.subplots(1, len(maps), squeeze=False)[0]
    for axes, nodes in zip(panels, maps, strict=True):
        common = [group for group, _ in Counter(filter(None, nodes.groups)).most_common(len(COLORS) - 1)]
        for number, group in enumerate([*sorted(common), _OTHER]):
            here = np.array([(g if g in common else _OTHER) == group for g in nodes.groups])
            if not here.any():
                continue
            known = group != _OTHER
            style = {"color": COLORS[number] if known else QUIET, "marker": MARKERS[number] if known else "."}
            axes.scatter(*nodes.places[here].T, s=20, alpha=0.8, linewidths=0, label=group, zorder=2, **style)
        axes.grid(alpha=0.25)
        axes.margins(0.2, 0.1)
        label_axes(axes, nodes.title, "first component", "second component" if axes is panels[0] else "")
        columns = max(1, min(3, _LEGEND_WIDTH // max(map(len, {*nodes.groups, ""}))))
        legend = {"fontsize": 8, "ncols": columns, "frameon": False, "handletextpad": 0.2, "columnspacing": 0.8}
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), **legend)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes, nodes in zip(panels, maps, strict=True):
        _name_points(axes, nodes)
    return figure


def _name_points(axes: Any, nodes: Places) -> None:
    """Name points, the outermost first, where the name meets no other name and few points."""
    from matplotlib.transforms import Bbox

    pixels = axes.transData.transform(nodes.places)
    taken: list[Any] = []
    inside = axes.get_window_extent()
    away = np.linalg.norm((pixels - pixels.mean(0)) / (pixels.std(0) + 1e-9), axis=1)
    for k in np.argsort(-away, kind="stable"):
        name = _short(nodes.names[k])
        for shift, sides in _BESIDE:
            text = axes.annotate(
                name,
                nodes.places[k],
                shift,
                textcoords="offset points",
                fontsize=8,
                color=INK,
                ha=sides[0],
                va=sides[1],
                zorder=3,
            )
            box = text.get_window_extent().expanded(1.02, 1.1)
            covered = sum(box.contains(x, y) for x, y in pixels)
            free = covered == 0 and not any(box.overlaps(other) for other in taken)
            if free and inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1:
                taken.append(Bbox(box.get_points()))
                break
            text.remove()


def _short(name: str) -> str:
    """Return a name that fits beside a picture: that of a hub without its owner, and its middle left out."""
    bare = name.rpartition("/")[2] or name
    return bare if len(bare) <= _LONGEST_NAME else f"{bare[: _LONGEST_NAME - 9]}…{bare[-8:]}"
