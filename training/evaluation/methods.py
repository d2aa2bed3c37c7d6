"""Registry of methods by name: what can be put in one table."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import partial

from zoograph.data.errors import UnknownName
from zoograph.data.networks.devices import find_device, number_device
from zoograph.models.baselines.boosting import ExtraTrees, GradientBoosting
from zoograph.models.baselines.by_model import RegressionByModel, card_facts
from zoograph.models.baselines.gaussian_process import GaussianProcess
from zoograph.models.baselines.linear import LinearRegression
from zoograph.models.baselines.matrix_completion import MatrixCompletion
from zoograph.models.baselines.means import Additive, ModelMean, StandardizedModelMean
from zoograph.models.baselines.nearest import NearestDatasets
from zoograph.models.baselines.otherwise import AsMeasured, MeanElsewhere
from zoograph.models.baselines.rankers import NumberRanker, RandomRanker, ScoreAlone
from zoograph.models.baselines.ridge import InteractionRidge
from zoograph.models.baselines.wrappers.blinded import Blinded
from zoograph.models.method import Method
from zoograph.training.evaluation.ablation import (
    without_imagenet,
    without_influences,
    without_lineage,
    without_other_protocols,
    without_relations,
    without_scores,
    without_texts,
)
from zoograph.training.networks.ensemble import GraphNetwork
from zoograph.training.networks.gat import GraphAttention
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig

METHODS: dict[str, Callable[[], Method]] = {}
ABLATIONS: set[str] = set()
"""Names among ``METHODS`` of the project's own method without one of its parts."""


def register_method(name: str, make: Callable[[], Method]) -> None:
    """Let ``name`` stand for the methods that ``make`` returns.

    Raises:
        ValueError: if the name is taken.
    """
    if name in METHODS:
        raise ValueError(f"The method name '{name}' is taken.")
    METHODS[name] = make


def register_ablation(name: str, make: Callable[[], Method]) -> None:
    """Register the project's own method without one of its parts, which is no baseline to be held against."""
    register_method(name, make)
    ABLATIONS.add(name)


def make_method(name: str) -> Method:
    """Return a new method, not fitted.

    Raises:
        UnknownName: with the nearest names and all valid ones.
    """
    if name not in METHODS:
        nearest = difflib.get_close_matches(name, METHODS, n=5, cutoff=0.4)
        raise UnknownName("method", name, nearest, f"Valid names: {', '.join(sorted(METHODS))}.")
    return METHODS[name]()


register_method("random", RandomRanker)
register_method("model-mean", ModelMean)
register_method("standardized-model-mean", StandardizedModelMean)
register_method("mean-elsewhere", MeanElsewhere)
register_method("as-measured", AsMeasured)
register_method("additive", Additive)
register_method("size", lambda: NumberRanker("parameters"))
register_method("gmacs", lambda: NumberRanker("gmacs"))
register_method("imagenet", lambda: NumberRanker("imagenet_top1"))
register_method("logme", lambda: ScoreAlone("logme"))
register_method("h-score", lambda: ScoreAlone("regularized_h_score"))
register_method("nearest", NearestDatasets)
register_method("matrix-completion", MatrixCompletion)
register_method("linear-regression", LinearRegression)
register_method("linear-by-model", RegressionByModel)
register_method("cards-by-model", lambda: RegressionByModel(card_facts))
register_method("ridge", InteractionRidge)
register_method("gradient-boosting", GradientBoosting)
register_method("extra-trees", ExtraTrees)
register_method("gaussian-process", GaussianProcess)
register_method("gat", lambda: GraphAttention(device=number_device(find_device())))
register_method("gnn", lambda: GraphNetwork(device=number_device(find_device())))
register_method("zoograph", EvidencePredictor)
register_ablation("zoograph-untrained", lambda: EvidencePredictor(TrainingConfig(num_steps=0)))
register_ablation("zoograph-without-network", lambda: EvidencePredictor(TrainingConfig(network=False)))
register_ablation("zoograph-without-messages", lambda: EvidencePredictor(TrainingConfig(num_layers=0)))
register_ablation("zoograph-without-size-lead", lambda: EvidencePredictor(TrainingConfig(lead=0.0)))
register_ablation("zoograph-with-untrained-network", lambda: EvidencePredictor(TrainingConfig(network_rate=0.0)))
_ABLATIONS = {
    "scores": without_scores,
    "relations": without_relations,
    "influences": without_influences,
    "other-protocols": without_other_protocols,
    "texts": without_texts,
    "imagenet": without_imagenet,
    "lineage": without_lineage,
}
for _part, _blind in _ABLATIONS.items():
    register_ablation(f"zoograph-without-{_part}", partial(lambda blind: Blinded(EvidencePredictor(), blind), _blind))
