"""Restoring a predictor from disk on a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError
from torch import Tensor

from zoograph.data.errors import PredictorError
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.zoo import Zoo
from zoograph.data.text.lookup import text_for
from zoograph.graphs.builder import build_graph
from zoograph.graphs.new_datasets import with_new_datasets as extend_graph
from zoograph.graphs.results import asks_for_results, without_results
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.splits import is_edge, pair_folds, with_records
from zoograph.models.baselines.linear import LinearRegression
from zoograph.models.method import Prediction
from zoograph.models.training_records import same_names
from zoograph.training.predictors.evidence import EvidencePredictor
from zoograph.training.predictors.joint import JointPrediction
from zoograph.training.runtime.progress import Stage
from zoograph.training.versions.artifact import (
    COLUMNS,
    WEIGHTS,
    Artifact,
    damaged_error,
    read_tensor_file,
    unusable_error,
)

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

# What the tensors of each begin with in the file of weights.
PREDICTOR, BASELINE = "predictor.", "baseline."
_BASELINE_FOLDS = 10
Loaded = tuple["HeteroData", EvidencePredictor, LinearRegression]
"""A graph, and the predictor and the baseline on it."""


def predict_pairs(
    graph: HeteroData, predictor: EvidencePredictor, baseline: LinearRegression, pairs: Sequence[tuple[str, str]]
) -> list[dict[str, float]]:
    """Return ``COLUMNS`` of each (model, dataset), as they would stand in a table that is made now."""
    models, datasets = zip(*pairs, strict=True)
    nodes = torch.stack([same_names(models, graph[MODEL].ids), same_names(datasets, graph[DATASET].ids)])
    columns = answer_pairs(graph, predictor, baseline, nodes)
    return [{name: float(columns[name][i]) for name in COLUMNS} for i in range(len(pairs))]


def answer_pairs(
    graph: HeteroData, predictor: EvidencePredictor, baseline: LinearRegression, pairs: Tensor
) -> dict[str, Tensor]:
    """Return (n,) ``COLUMNS`` of the (2, n) pairs; one whose answer may stand on a card is told no card's results."""
    known = asks_for_results(graph, pairs)
    table = torch.empty(len(COLUMNS), pairs.shape[1])
    for chosen, seen in ((~known, graph), (known, without_results(graph))):
        asked = pairs[:, chosen]
        if asked.shape[1]:
            columns = to_columns(predictor.predict(asked, seen), cross_fitted(baseline, seen, asked))
            table[:, chosen] = torch.stack([columns[name].float() for name in COLUMNS])
    return dict(zip(COLUMNS, table, strict=True))


def rank_models(graph: HeteroData, predictor: EvidencePredictor, models: Tensor, datasets: Tensor) -> JointPrediction:
    """Return what is expected of ``models`` (k,) on the mean over ``datasets`` (t,).

    A model of which a result that is asked for may stand on its card is read without that card's results.
    """
    pairs = torch.cartesian_prod(models, datasets).t()
    told = pairs[0, asks_for_results(graph, pairs)].unique()
    return predictor.joint(models, datasets, without_results(graph, told) if len(told) else graph)


def cross_fitted(baseline: LinearRegression, graph: HeteroData, pairs: Tensor) -> Tensor:
    """Return what the baseline expects of pairs; a measured pair is answered by a fit without its fold."""
    answer = baseline.mean(pairs, graph)
    records = graph[TRANSFERS_TO].edge_index
    measured = is_edge(records, pairs)
    if not measured.any():
        return answer
    asked, folds = pair_folds(graph, pairs, _BASELINE_FOLDS), pair_folds(graph, records, _BASELINE_FOLDS)
    for fold in torch.unique(asked[measured]).tolist():
        own = measured & (asked == fold)
        answer[own] = LinearRegression().fit_mean(with_records(graph, folds != fold)).mean(pairs[:, own])
    return answer


def load_on(
    artifact: Artifact,
    zoo: Zoo,
    encoder: str | None = None,
    stage: Stage | None = None,
    asked: Sequence[str] | None = None,
) -> Loaded:
    """Return the graph of a zoo as a saved predictor sees it, and the predictor and the baseline on it.

    Args:
        artifact: the predictor.
        zoo: cards and records.
        encoder: text encoder; default as shipped.
        stage: told how many texts are embedded, if some have to be.
        asked: ids of the models and datasets that are asked about: of others no unread text is told; default: all.

    Raises:
        PredictorError: if it was trained with another encoder, or the weights are not those of a predictor.
    """
    manifest, text = artifact.manifest, text_for(zoo, encoder, stage, asked=asked)
    if text.digest != manifest.encoder_digest:
        raise PredictorError(
            f"The predictor was trained on embeddings of another encoder than '{text.encoder}'. "
            f"Remove the folder '{artifact.folder.parent}' to have it trained anew."
        )
    graph = build_graph(zoo, text.lookup, manifest.protocol, manifest.metric, manifest.vocabulary, plain=True)
    return graph, *load_methods(artifact, graph)


def with_new_datasets(
    loaded: Loaded, zoo: Zoo, cards: Sequence[DatasetCard], encoder: str | None = None, stage: Stage | None = None
) -> Loaded:
    """Return what :func:`load_on` returns for a zoo that knows more datasets, from what it returned for ``zoo``.

    Args:
        loaded: on ``zoo``.
        zoo: cards and records.
        cards: of datasets that are new to it, see :func:`zoograph.graphs.new_datasets.is_new`.
        encoder: text encoder; default as shipped.
        stage: told how many texts are embedded, if some have to be.
    """
    graph, predictor, baseline = loaded
    text = text_for(Zoo.of(Collection(datasets=tuple(cards))), encoder, stage)
    graph = extend_graph(graph, zoo, cards, text.lookup)
    return graph, predictor.with_new_datasets(graph), baseline


def load_methods(artifact: Artifact, graph: HeteroData) -> tuple[EvidencePredictor, LinearRegression]:
    """Return the saved predictor and baseline, on ``graph``.

    Raises:
        PredictorError: if the weights are not those of a predictor.
    """
    try:
        return (
            EvidencePredictor.from_state(saved_tensors(artifact, PREDICTOR), artifact.manifest.values, graph),
            LinearRegression.from_state(saved_tensors(artifact, BASELINE), graph),
        )
    except (RuntimeError, KeyError, ValueError, TypeError) as error:
        reason = str(error).partition("\n")[0].rstrip(":. ")
        raise unusable_error(artifact.folder.parent, f"its weights are not those of a predictor ({reason})") from error


def saved_tensors(artifact: Artifact, prefix: str = PREDICTOR) -> dict[str, Tensor]:
    """Return the tensors of the saved predictor, or of the baseline.

    Raises:
        PredictorError: if they are no tensors, or no numbers.
    """
    from safetensors.torch import load

    try:
        tensors = load(read_tensor_file(artifact.folder / WEIGHTS))
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise damaged_error(artifact.folder.parent, error) from error
    if not all(torch.isfinite(tensor).all() for tensor in tensors.values()):
        raise unusable_error(artifact.folder.parent, f"'{WEIGHTS}' holds what is no number")
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def to_columns(predictor: Prediction, baseline: Tensor) -> dict[str, Tensor]:
    """Return (n,) ``COLUMNS`` of n pairs, by name."""
    return dict(zip(COLUMNS, (*predictor, baseline), strict=True))
