"""A picture of the graph: node types, edge types and an excerpt with real numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoograph.scripts.pictures.style import figure_class

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

    from zoograph.graphs.schema import EdgeType


# Okabe and Ito's colours, told apart by colour-blind readers too; line styles say the same once more.
_LINES = {
    "transfers_to": ("#0072B2", "-"),
    "scored_on": ("#CC79A7", (0, (6, 1.5))),
    "pretrained_on": ("#777777", (0, (1.2, 1.2))),
    "related_to": ("#009E73", "-."),
    "has": ("#E69F00", "-"),
    "influences": ("#56B4E9", (0, (5, 2))),
    "derived_from": ("#555555", (0, (4, 1.5, 1, 1.5))),
    "asked": ("#D55E00", (0, (3, 2))),
}


_FILLS = {"model": "#DCEBF5", "dataset": "#DDF1EB", "label": "#FBEFD5"}


_INK = "#222222"


_COLUMNS = {"model": 10.5, "dataset": 61.0, "label": 91.0}


_HALF_WIDTHS = {"model": 9.5, "dataset": 10.0, "label": 8.0}


_SCHEMA_WIDTHS = {"model": 9.5, "dataset": 8.0, "label": 8.0}


_MODELS = {
    "torchvision/convnext_tiny.IMAGENET1K_V1": 29.0,
    "torchvision/resnet50.IMAGENET1K_V2": 18.0,
    "google/vit-base-patch16-224": 7.0,
}


_DATASETS = {"clipart_32_a_10": 33.0, "sketch_32_a_10": 23.0, "imagenet": 13.0, "pets": 3.0}


_LABELS = {"penguin": 34.0, "submarine": 28.0, "flying saucer": 22.0}


_PLACES = {
    name: (kind, y)
    for kind, nodes in (("model", _MODELS), ("dataset", _DATASETS), ("label", _LABELS))
    for name, y in nodes.items()
}


def draw_picture(head: HeteroData, finetune: HeteroData) -> Any:
    """Return the figure: the schema above, an excerpt below.

    Args:
        head: graph of the accuracies of retrained heads.
        finetune: graph of the same zoo with the accuracies of full fine-tuning.

    Raises:
        ZoographError: if matplotlib is not installed.
    """
    figure = figure_class()(figsize=(10, 8.4), dpi=130, facecolor="white")
    schema, excerpt = figure.subplots(2, 1, height_ratios=(1, 1.08))
    figure.subplots_adjust(left=0.01, right=0.99, top=0.995, bottom=0.005, hspace=0.03)
    for axes in (schema, excerpt):
        axes.set(xlim=(0, 100), ylim=(-2, 42))
        axes.axis("off")
    _draw_schema(schema, head, finetune)
    _draw_excerpt(excerpt, head, finetune)
    return figure


def _draw_schema(axes: Any, head: HeteroData, finetune: HeteroData) -> None:
    from zoograph.graphs.schema import (
        DERIVED_FROM,
        HAS,
        INFLUENCES,
        PRETRAINED_ON,
        RELATED_TO,
        SCORED_ON,
        TRANSFERS_TO,
    )

    held = {
        "model": (15.0, "size, cost,\naccuracy,\nfamily, text"),
        "dataset": (15.0, "classes,\nimages,\ndomain, text"),
        "label": (8.0, "text"),
    }
    for kind, (half_height, text) in held.items():
        x, lines = _COLUMNS[kind], text.count("\n")
        _box(axes, kind, (x, 17.0), _SCHEMA_WIDTHS[kind], half_height)
        _text(axes, x, 20.8 + lines, kind, size=15, weight="bold")
        _text(axes, x, 17.0 + lines, f"{head[kind].num_nodes:,} nodes", size=11.5)
        _text(axes, x, 13.3 - lines, text)

    left, right = (_COLUMNS[kind] + _SCHEMA_WIDTHS[kind] for kind in ("model", "dataset"))
    middle = (left + _COLUMNS["dataset"] - _SCHEMA_WIDTHS["dataset"]) / 2
    both = f"{head[TRANSFERS_TO].num_edges:,} + {finetune[TRANSFERS_TO].num_edges:,}"
    for y, edge_type, count, text in (
        (27.0, TRANSFERS_TO, both, "accuracy (head + fine-tuned), runs"),
        (17.0, SCORED_ON, _count(head, SCORED_ON), _names(head, SCORED_ON)),
        (7.0, PRETRAINED_ON, _count(head, PRETRAINED_ON), "place in the chain, objective"),
    ):
        _arrow(axes, edge_type[1], (left, y), (_COLUMNS["dataset"] - _SCHEMA_WIDTHS["dataset"], y))
        _text(axes, middle, y + 1.9, f"{_bold(edge_type[1])}  {count}", size=11)
        _text(axes, middle, y - 2.0, text)

    beyond = _COLUMNS["label"] - _SCHEMA_WIDTHS["label"]
    _arrow(axes, HAS[1], (right, 21.5), (beyond, 21.5))
    _text(axes, (right + beyond) / 2, 23.4, f"{_bold(HAS[1])}  {_count(head, HAS)}", size=11)
    _text(axes, (right + beyond) / 2, 19.5, "its classes")
    _arrow(axes, INFLUENCES[1], (beyond, 12.5), (right, 12.5))
    _text(axes, (right + beyond) / 2, 14.4, f"{_bold(INFLUENCES[1])}  {_count(head, INFLUENCES)}", size=11)
    _text(axes, (right + beyond) / 2, 9.5, "what a class adds\nto the accuracy", linespacing=1.0)
    _arrow(axes, DERIVED_FROM[1], (left - 4.0, 32.0), (left - 13.0, 32.0), bend=0.9)
    _text(axes, left - 2.0, 36.4, f"{_bold(DERIVED_FROM[1])}  {_count(head, DERIVED_FROM)}", size=11, ha="left")
    _text(axes, left - 2.0, 33.6, "fine-tuned, distilled, …", ha="left")
    _arrow(axes, RELATED_TO[1], (right - 4.0, 32.0), (right - 13.0, 32.0), bend=0.9)
    _text(axes, right - 0.5, 37.6, f"{_bold(RELATED_TO[1])}  {_count(head, RELATED_TO)}", size=11, ha="left")
    _text(axes, right - 0.5, 33.6, _names(head, RELATED_TO).replace(", ", ",\n", 1), ha="left")
    _text(axes, 1, 39.6, "What the graph is made of", size=14, weight="bold", ha="left")
    note = "Every edge also has a reverse, rev_… . An accuracy that is to be predicted is hidden in both directions."
    _text(axes, 1, -0.8, note, ha="left")


def _draw_excerpt(axes: Any, head: HeteroData, finetune: HeteroData) -> None:
    from zoograph.graphs.schema import HAS, PRETRAINED_ON, RELATED_TO, SCORED_ON, TRANSFERS_TO

    conv, resnet, vit = _MODELS
    clipart, sketch, imagenet, pets = _DATASETS
    _text(axes, 1, 40.2, "A piece of it", size=14, weight="bold", ha="left")

    for model in _MODELS:
        _find_edge(head, PRETRAINED_ON, model, imagenet)
        _link(axes, "pretrained_on", model, imagenet)
    for graph, model, dataset, shift, at in (
        (head, conv, clipart, 1.0, 0.42),
        (head, conv, sketch, 1.0, 0.26),
        (head, resnet, clipart, -1.0, 0.72),
        (head, resnet, sketch, 0.0, 0.45),
        (finetune, vit, pets, 0.9, 0.28),
    ):
        accuracy = graph[TRANSFERS_TO].edge_label[_find_edge(graph, TRANSFERS_TO, model, dataset)]
        _link(axes, "transfers_to", model, dataset, f"{float(accuracy):.2f}", shift, at)
    _link(axes, "scored_on", vit, pets, f"LogME {_number(head, SCORED_ON, vit, pets, 'logme'):+.2f}", -1.3, 0.6)
    _link(axes, "asked", vit, sketch, "?", -1.2, 0.3)

    x = _COLUMNS["dataset"]
    for one, other, name in ((sketch, clipart, "label_overlap"), (imagenet, pets, "domain_distance")):
        low, high = sorted((_DATASETS[one], _DATASETS[other]))
        _arrow(axes, "related_to", (x, low + 2.2), (x, high - 2.2), head="-")
        value = _number(head, RELATED_TO, one, other, name)
        _text(axes, x + 1.2, (low + high) / 2, f"{name.replace('_', ' ')} {value:.1f}", ha="left")
    for label in _LABELS:
        for dataset in (clipart, sketch):
            _find_edge(head, HAS, dataset, label)
            _link(axes, "has", dataset, label)
    for name, (kind, y) in _PLACES.items():
        _box(axes, kind, (_COLUMNS[kind], y), _HALF_WIDTHS[kind], 2.2)
        shown = name.removeprefix("torchvision/").partition(".")[0].replace("-base-", "-base-\n")
        _text(axes, _COLUMNS[kind], y, shown, size=10.5, linespacing=0.95)
    _draw_legend(axes)


def _draw_legend(axes: Any) -> None:
    words = {
        "transfers_to": "measured accuracy",
        "asked": "accuracy to predict",
        "scored_on": "score",
        "pretrained_on": "pre-trained on",
        "related_to": "related datasets",
        "has": "class of the dataset",
    }
    for row, (line, text) in enumerate(words.items()):
        y = 15.5 - 3.3 * row
        color, style = _LINES[line]
        axes.plot((79, 83.5), (y, y), color=color, linestyle=style, linewidth=2)
        _text(axes, 84.5, y, text, ha="left")


def _find_edge(graph: HeteroData, edge_type: EdgeType, source: str, target: str) -> int:
    """Return the edge between two nodes; the excerpt shows no edge that the graph does not have.

    Related datasets are so in either direction.
    """
    ends = [graph[kind].ids.index(name) for kind, name in ((edge_type[0], source), (edge_type[2], target))]
    pairs: list[list[int]] = graph[edge_type].edge_index.t().tolist()
    if edge_type[1] == "related_to" and ends not in pairs:
        ends.reverse()
    return pairs.index(ends)


def _number(graph: HeteroData, edge_type: EdgeType, source: str, target: str, name: str) -> float:
    store = graph[edge_type]
    return float(store.edge_attr[_find_edge(graph, edge_type, source, target), store.names.index(name)])


def _link(axes: Any, line: str, source: str, target: str, text: str = "", shift: float = 0.0, at: float = 0.5) -> None:
    """Draw an edge of the excerpt, ``shift`` higher at its target, and ``text`` at a share of the way."""
    (kind, y), (other, end_y) = _PLACES[source], _PLACES[target]
    start = (_COLUMNS[kind] + _HALF_WIDTHS[kind], y + (shift if line == "scored_on" else 0.0))
    end = (_COLUMNS[other] - _HALF_WIDTHS[other], end_y + shift)
    _arrow(axes, line, start, end)
    if text:
        x, y = (start[i] + at * (end[i] - start[i]) for i in (0, 1))
        patch = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
        _text(axes, x, y, text, size=15 if line == "asked" else 10.5, bbox=patch)


def _text(axes: Any, x: float, y: float, text: str, size: float = 10.0, ha: str = "center", **style: Any) -> None:
    axes.text(x, y, text, size=size, ha=ha, va="center", color=_INK, **style)


def _box(axes: Any, kind: str, center: tuple[float, float], half_width: float, half_height: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner = (center[0] - half_width, center[1] - half_height)
    style = "round,pad=0,rounding_size=1.2"
    patch = FancyBboxPatch(
        corner, 2 * half_width, 2 * half_height, style, facecolor=_FILLS[kind], edgecolor=_INK, linewidth=1.1
    )
    axes.add_patch(patch)


def _arrow(
    axes: Any,
    line: str,
    start: tuple[float, float],
    end: tuple[float, float],
    bend: float = 0.0,
    head: str = "-|>",
) -> None:
    from matplotlib.patches import FancyArrowPatch

    color, style = _LINES[line]
    patch = FancyArrowPatch(
        start,
        end,
        arrowstyle=head,
        connectionstyle=f"arc3,rad={bend}",
        mutation_scale=13,
        color=color,
        linestyle=style,
        linewidth=2.0,
        shrinkA=0,
        shrinkB=0,
    )
    axes.add_patch(patch)


def _count(graph: HeteroData, edge_type: EdgeType) -> str:
    return f"{graph[edge_type].num_edges:,}"


def _names(graph: HeteroData, edge_type: EdgeType) -> str:
    return ", ".join(name.replace("_", " ") for name in graph[edge_type].names)


def _bold(name: str) -> str:
    escaped = name.replace("_", "\\_")
    return f"$\\bf{{{escaped}}}$"
