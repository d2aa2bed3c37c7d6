"""Metrics and transferability scores by the many names that tables and model cards have for them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from zoograph.data.errors import UnknownName
from zoograph.data.records.records import HINDSIGHT, Metric

SCORE_NAMES = (
    "logme",
    "h_score",
    "regularized_h_score",
    "transrate",
    "lfc",
    "sfda",
    "pactran_gauss",
    "pactran_dirichlet",
    "pactran_gamma",
    "nleep",
    "parc",
    "gbc",
    "knn",
    "logistic",
    "leep",
    "nce",
    "otce",
    "ot_nce",
)
"""The scores that the package computes and reads, in the order of the registry; importing them takes no torch."""


class Target(StrEnum):
    """What a score was held against: the class of each sample, a real value of it, or the classes of its pixels."""

    CLASSES = "classes"
    VALUES = "real values"
    PIXELS = "classes of pixels"

    def stored(self, score: str) -> str:
        """Return the name under which a score of such targets is stored.

        >>> Target.CLASSES.stored("logme"), Target.VALUES.stored("logme"), Target.PIXELS.stored("logme")
        ('logme', 'logme_regression', 'logme_pixels')
        """
        return score + _ENDINGS[self]


_ENDINGS = {Target.CLASSES: "", Target.VALUES: "_regression", Target.PIXELS: "_pixels"}
OF_OTHER_TARGETS = frozenset(kind.stored(name) for kind in Target if kind is not Target.CLASSES for name in SCORE_NAMES)
"""Names under which scores are stored that were not held against classes of samples."""

UNREAD_SCORES = HINDSIGHT | OF_OTHER_TARGETS
"""Scores that are kept, and that nothing reads that predicts an accuracy of classes: no graph, no ranking of scores,
and no token of what a predictor has seen."""

# Names in lower case, without anything that is no letter or digit.
_OTHER_METRICS = {
    Metric.TOP1: ("accuracy", "acc", "acc1", "top1accuracy", "top1acc", "accuracytop1", "acctop1"),
    Metric.TOP5: ("acc5", "top5accuracy", "top5acc", "accuracytop5", "acctop5"),
    Metric.MEAN_PER_CLASS: ("meanperclassaccuracy", "meanperclassrecall", "balancedaccuracy", "meanclassaccuracy"),
    Metric.WORST_GROUP: ("worstgroupaccuracy",),
    Metric.F1: ("f1score",),
    Metric.MAP: ("meanaverageprecision",),
    Metric.AUROC: ("rocauc", "auc"),
    Metric.MIOU: ("meaniou", "meanintersectionoverunion"),
    Metric.JACCARD: ("jaccardindex",),
    Metric.R2: ("rsquared",),
}
# Words of columns beside datasets that are none: figures over datasets, what a model costs, and how it was trained.
_SUMMARIES = re.compile(
    "averages?|averaged|avgs?|means?|median|overall|total|sum|ranks?|ranking|borda|std|stdev|stddev|sd|stderr|variance|"
    "minimum|maximum|(avg|average|mean)acc(uracy)?"
)
_RIVALS = re.compile("best|worst|min|max|sota|previous|oracle|chance|random|guess|guessing|level")
_COSTS = re.compile("param(eter)?s?|[mgt]?flops?|[mg]?macs?|latency|throughput|runtime|vram")
_OTHER_FIGURES = re.compile(
    "acc|accuracy|batch|best|count|crop|date|delta|dim|epochs?|err|error|features?|fps|gain|gap|gb|height|hours|images?|"
    "h|img|input|it|iterations?|k|layers|learning|loss|lr|m|max|mb|memory|min|minutes|models?|ms|n|num|number|of|pct|per|"
    "percent|pixels|place|position|rate|ram|res|resolution|s|samples?|scores?|sec|seconds?|seed|shots|size|speed|steps?|"
    "tasks?|time|trial|width|wins|worst|year"
)
# What a column is called that holds another figure of a dataset than the others: its words, a space between any two.
_FIGURE_OF_DATASET = re.compile(
    r".* (?:(?:top|acc|accuracy|hits?|recall|precision) \d+|acc|accuracy|f 1|auc|auroc|roc|aupr|auprc|err|errors?|loss|"
    r"ece|nll|precision|recall|kappa|mcc)"
)
_NEAREST = 3

Meaning = TypeVar("Meaning", bound=str)


@lru_cache(maxsize=1_000)
def read_metric(text: str) -> Metric:
    """Return the metric that a name means, however it is spelled.

    >>> read_metric("Top 1 Accuracy"), read_metric("acc@1"), read_metric("mean_iou")
    (<Metric.TOP1: 'top1'>, <Metric.TOP1: 'top1'>, <Metric.MIOU: 'miou'>)

    Raises:
        UnknownName: with the nearest names.
    """
    known = {fold(name): metric for metric in Metric for name in (metric.value, *_OTHER_METRICS.get(metric, ()))}
    return _read("metric", text, known)


@lru_cache(maxsize=1_000)
def read_score_name(text: str) -> str:
    """Return the transferability score that a name means, however it is spelled.

    >>> read_score_name("LogME"), read_score_name("H-score")
    ('logme', 'h_score')

    Raises:
        UnknownName: with the nearest names.
    """
    return _read("score", text, {fold(name): name for name in (*SCORE_NAMES, *sorted(UNREAD_SCORES))})


def is_score_name(text: str) -> bool:
    """Whether a name is that of a transferability score, however it is spelled."""
    return fold(text) in {fold(name) for name in (*SCORE_NAMES, *UNREAD_SCORES)}


@lru_cache(maxsize=1_000)
def is_figure_name(kind: str, text: str) -> bool:
    """Whether an unknown name is that of a figure beside names, such as an average or a number of parameters.

    Args:
        kind: ``dataset``, or ``model``, of whose names only those of summaries and of no model at all are meant.
        text: the name.

    >>> [is_figure_name("dataset", name) for name in ("Params (M)", "VTAB mean", "img/s", "pets top-5", "Oxford pets")]
    [True, True, True, True, False]
    """
    words = re.findall(r"[a-z]+|[0-9]+", re.sub(r"\(.*?\)|\[.*?\]", " ", text.casefold()))
    are_summaries = [_SUMMARIES.fullmatch(word) is not None for word in words]
    if kind == "model":
        return bool(words) and all(
            word or _RIVALS.fullmatch(name) for word, name in zip(are_summaries, words, strict=True)
        )
    if any(are_summaries) or any(_COSTS.fullmatch(word) for word in words):
        return True
    if _FIGURE_OF_DATASET.fullmatch(" ".join(words)):
        return True
    return bool(words) and all(_OTHER_FIGURES.fullmatch(word) for word in words)


def fold(text: str) -> str:
    """Return what the spellings of one name share: its letters and digits, in lower case."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _read(kind: str, text: str, known: Mapping[str, Meaning]) -> Meaning:
    folded = fold(text)
    if folded in known:
        return known[folded]
    valid = list(dict.fromkeys(known.values()))
    close = difflib.get_close_matches(folded, known, n=len(known), cutoff=0.0)
    nearest = list(dict.fromkeys(known[name] for name in close))[:_NEAREST]
    raise UnknownName(kind, text, [str(name) for name in nearest], f"Known are {', '.join(valid)}.")
