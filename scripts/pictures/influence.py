"""Pictures of influence: the most helpful and the most harmful classes as glyphs, and accuracy after removals."""

from __future__ import annotations

from typing import Any

from zoograph.data.collections.glyphs.drawing import character_name, draw_glyph, seeded
from zoograph.data.collections.glyphs.models import CORPORA
from zoograph.scripts.pictures.style import COLORS, INK, QUIET, label_axes, look, new_figure
from zoograph.training.studies.influence.report import InfluenceStudyReport, PairReport

_SHOWN = 6  # of the best and of the worst
_ROWS = 6  # pairs with the most reliable influences
_WAYS = {"top": "the most helpful", "random": "random ones", "bottom": "the most harmful"}


def draw_extremes(report: InfluenceStudyReport) -> Any:
    """Return, for the pairs whose influences are the most reliable, the classes at both ends with a glyph each."""
    pairs = sorted(report.pairs, key=lambda pair: -pair.reliability["correct"])[:_ROWS]
    figure = new_figure(0.35 + 0.92 * len(pairs))
    grid = figure.subplots(len(pairs), 2 * _SHOWN + 1, squeeze=False)
    for row, (cells, pair) in enumerate(zip(grid, pairs, strict=True)):
        ranked = _ranked(report, pair)
        shown = [*ranked[:_SHOWN], None, *ranked[-_SHOWN:]]
        for axes, one in zip(cells, shown, strict=True):
            axes.set_axis_off()
            if one is None:
                axes.text(0.5, 0.5, "…", ha="center", va="center", fontsize=12, color=QUIET, transform=axes.transAxes)
                continue
            name, value, error = one
            axes.imshow(_glyph(pair.source, name), cmap="gray", vmin=0, vmax=255)
            axes.set_title(f"{100 * value:+.1f}\n±{100 * error:.1f}", fontsize=8, color=INK, pad=2)
        cells[0].text(
            -0.25,
            0.5,
            f"{_short(pair.source)}\n→ {_short(pair.target)}",
            ha="right",
            va="center",
            fontsize=8,
            color=INK,
            transform=cells[0].transAxes,
        )
        if row == 0:
            figure.suptitle(
                "Classes that help most (left) and hurt most (right): points of accuracy, ± one standard error",
                fontsize=9.5,
                color=INK,
            )
    return figure


def draw_curves(report: InfluenceStudyReport) -> Any:
    """Return accuracy against the number of removed classes, a panel for each pair, with the range of repetitions."""
    from matplotlib.patches import Patch

    sources = list(dict.fromkeys(pair.source for pair in report.pairs))
    targets = list(dict.fromkeys(pair.target for pair in report.pairs))
    figure = new_figure(0.7 + 1.45 * len(targets))
    grid = figure.subplots(len(targets), len(sources), squeeze=False, sharey="row")
    for row, target in enumerate(targets):
        for column, source in enumerate(sources):
            axes = grid[row][column]
            pair = next(one for one in report.pairs if (one.source, one.target) == (source, target))
            _draw_curve(axes, pair)
            label_axes(axes, f"{_short(source)} → {_short(target)}")
            axes.title.set_fontsize(8.5)
    for axes in grid[-1]:
        axes.set_xlabel("classes removed", fontsize=8.5, color=INK)
    figure.supylabel("accuracy (axes start above 0)", fontsize=9, color=INK)
    handles, labels = grid[0][0].get_legend_handles_labels()
    band = Patch(color=QUIET, alpha=0.3)
    words = [*labels, "band: lowest to highest run"]
    figure.legend([*handles, band], words, fontsize=8, loc="outside lower center", ncols=2, frameon=False)
    return figure


def _draw_curve(axes: Any, pair: PairReport) -> None:
    start = [point for point in pair.curve if point.removed == 0]
    for number, (way, words) in enumerate(_WAYS.items()):
        points = start + [point for point in pair.curve if point.way == way]
        places = [point.removed for point in points]
        band = ([point.low for point in points], [point.high for point in points])
        axes.fill_between(places, *band, color=COLORS[number], alpha=0.18)
        line: dict[str, Any] = {"markersize": 3.5, "linewidth": 1.4, **look(number)}
        axes.plot(places, [point.mean for point in points], label=f"without {words}", **line)
    axes.grid(alpha=0.25)


def _ranked(report: InfluenceStudyReport, pair: PairReport) -> list[tuple[str, float, float]]:
    """Return (class, influence on accuracy, standard error), the most helpful first."""
    rows = [
        (row["label"], row["value"], row["standard_error"])
        for row in report.influences
        if (row["corpus"], row["dataset"], row["name"]) == (pair.source, pair.target, "influence_correct")
    ]
    return sorted(rows, key=lambda row: -row[1])


def _glyph(corpus_id: str, name: str) -> Any:
    """Draw a class of a corpus as its models see it."""
    corpus = next(one for one in CORPORA.values() if one.id == corpus_id)
    character = next(one for one in corpus.characters if character_name(one) == name)
    return draw_glyph(character, corpus.domains[0], seeded("picture", character), corpus.fonts)


def _short(name: str) -> str:
    return name.removeprefix("glyph_").removeprefix("corpus_")
