"""The rows of every table: which methods are asked about a collection, and why some are not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch

from zoograph.graphs.schema import MODEL, MODEL_NUMBERS, SCORED_ON, TRANSFERS_TO
from zoograph.models.baselines.boosting import ExtraTrees
from zoograph.models.baselines.gaussian_process import GaussianProcess
from zoograph.models.baselines.rankers import ScoreAlone
from zoograph.models.baselines.wrappers.compact import Compact
from zoograph.models.method import Method
from zoograph.models.pair_features import measured_scores
from zoograph.training.evaluation.collections.catalogue import CollectionGraph
from zoograph.training.evaluation.methods import METHODS, make_method
from zoograph.training.evaluation.table import PROJECT

BASELINES = (
    "random",
    "size",
    "gmacs",
    "imagenet",
    "model-mean",
    "standardized-model-mean",
    "mean-elsewhere",
    "as-measured",
    "linear-by-model",
    "cards-by-model",
    "ridge",
    "extra-trees",
    "matrix-completion",
    "gaussian-process",
)
"""What every method is held against. The paper's graph attention, ``gat``, takes hours and has to be asked for."""

_TREES, _ITERATIONS, _HYPER_RECORDS = 60, 20, 500
LIGHTER: dict[str, Callable[[], Method]] = {
    "extra-trees": lambda: ExtraTrees(_TREES),
    "gaussian-process": lambda: Compact(GaussianProcess(_ITERATIONS, _HYPER_RECORDS)),
}
"""Methods that are asked in a form that a graph of all collections leaves time for."""


_NUMBERS = {"size": "parameters", "gmacs": "gmacs", "imagenet": "imagenet_top1"}
_ENOUGH = 0.5


class Row(NamedTuple):
    """A method in a table.

    Attributes:
        name: of the method.
        make: returns it, not fitted.
        lacking: why it is not asked; None if it is.
    """

    name: str
    make: Callable[[], Method]
    lacking: str | None = None


def rows_of(part: CollectionGraph, methods: str = "all") -> list[Row]:
    """Return the rows of a collection.

    Args:
        part: the collection.
        methods: names, separated by commas; ``all`` means the project's, the baselines, and each score alone.

    Raises:
        UnknownName: if one is not a method.
    """
    scores = {f"score-{name}": partial(ScoreAlone, name) for name in part.graph[SCORED_ON].names}
    measured = _measured_scores(part)
    if methods == "all":
        chosen = [PROJECT, *BASELINES]
        chosen += [name for name in scores if measured[name] >= _ENOUGH]
    else:
        chosen = list(dict.fromkeys(name.strip() for name in methods.split(",") if name.strip()))
    rows = []
    for name in chosen:
        if name in scores:
            rows.append(Row(name, scores[name], _lacking(measured[name], "pairs have this score")))
        else:
            make_method(name)
            known = _known_number(part, _NUMBERS[name]) if name in _NUMBERS else 1.0
            lacking = _lacking(known, "models have this number on their card")
            rows.append(Row(name, LIGHTER.get(name, METHODS[name]), lacking))
    return rows


def _lacking(share: float, what: str) -> str | None:
    return None if share >= _ENOUGH else f"{share:.0%} of the {what}"


def _known_number(part: CollectionGraph, number: str) -> float:
    models = torch.unique(part.graph[TRANSFERS_TO].edge_index[0, part.own])
    return float(part.graph[MODEL].x_number_mask[models, MODEL_NUMBERS.index(number)].double().mean())


def _measured_scores(part: CollectionGraph) -> dict[str, float]:
    """Return the share of the collection's pairs that each score was measured on."""
    _, known = measured_scores(part.graph, part.graph[TRANSFERS_TO].edge_index[:, part.own])
    return dict(
        zip((f"score-{name}" for name in part.graph[SCORED_ON].names), known.double().mean(0).tolist(), strict=True)
    )
