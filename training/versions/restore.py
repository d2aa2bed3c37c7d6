"""From a predictor on disk to one that answers on a graph."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from safetensors import SafetensorError
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.errors import PredictorError
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.zoo import Zoo
from zoograph.data.store.store import RecordStore
from zoograph.data.text.lookup import text_for
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.splits import hold_out, is_edge, pair_folds
from zoograph.models.baselines.linear import LinearRegression
from zoograph.models.method import Prediction
from zoograph.training.predictors.choice import Predictor, load_predictor
from zoograph.training.versions.artifact import (
    COLUMNS,
    WEIGHTS,
    Artifact,
    damaged_error,
    read_tensor_file,
)

_PREDICTOR, _BASELINE = "predictor.", "baseline."


_BASELINE_FOLDS = 10


def predict_from_cards(
    store: RecordStore,
    artifact: Artifact,
    models: Iterable[ModelCard],
    datasets: Iterable[DatasetCard],
    pairs: list[tuple[str, str]],
    encoder: str | None = None,
) -> list[dict[str, float]]:
    """Predict pairs that the table does not answer: a side is known by its card alone, or was scored since.

    Returns:
        ``COLUMNS`` of each pair, in order.
    """
    graph, predictor, baseline = load_on(artifact, store.snapshot().with_cards(models, datasets), encoder)
    model_at = {name: i for i, name in enumerate(graph[MODEL].ids)}
    dataset_at = {name: i for i, name in enumerate(graph[DATASET].ids)}
    index = torch.tensor([[model_at[m] for m, _ in pairs], [dataset_at[d] for _, d in pairs]])
    columns = _columns(predictor.predict(index), _cross_fitted(baseline, graph, index))
    return [{name: float(columns[name][i]) for name in COLUMNS} for i in range(len(pairs))]


def _cross_fitted(baseline: LinearRegression, graph: HeteroData, pairs: Tensor) -> Prediction:
    """Return the baseline's answers; a measured pair is answered by a fit without its fold."""
    answer = baseline.predict(pairs)
    records = graph[TRANSFERS_TO].edge_index
    measured = is_edge(records, pairs)
    asked, folds = pair_folds(graph, pairs, _BASELINE_FOLDS), pair_folds(graph, records, _BASELINE_FOLDS)
    for fold in torch.unique(asked[measured]).tolist():
        own = measured & (asked == fold)
        honest = LinearRegression().fit(hold_out(graph, folds == fold).train).predict(pairs[:, own])
        for column, values in zip(answer, honest, strict=True):
            column[own] = values
    return answer


def load_on(artifact: Artifact, zoo: Zoo, encoder: str | None = None) -> tuple[HeteroData, Predictor, LinearRegression]:
    """Return the graph of a zoo as a saved predictor sees it, and the predictor and the baseline on it.

    Raises:
        PredictorError: if it was trained with another encoder, or the weights are not those of a predictor.
    """
    manifest, text = artifact.manifest, text_for(zoo, encoder)
    if text.digest != manifest.encoder_digest:
        raise PredictorError(
            f"The predictor was trained on embeddings of another encoder than '{text.encoder}'. "
            f"Remove the folder '{artifact.folder.parent}' to have it trained anew."
        )
    graph = build_graph(zoo, text.lookup, manifest.protocol, manifest.metric, manifest.vocabulary)
    return graph, *load_methods(artifact, graph)


def load_methods(artifact: Artifact, graph: HeteroData) -> tuple[Predictor, LinearRegression]:
    """Return the saved predictor and baseline, on ``graph``.

    Raises:
        PredictorError: if the weights are not those of a predictor.
    """
    try:
        return (
            load_predictor(saved_tensors(artifact, _PREDICTOR), artifact.manifest.values, graph),
            LinearRegression.from_state(saved_tensors(artifact, _BASELINE), graph),
        )
    except (RuntimeError, KeyError, ValueError, TypeError) as error:
        raise damaged_error(artifact.folder.parent, f"its weights are not those of a predictor ({error})") from error


def saved_tensors(artifact: Artifact, prefix: str = _PREDICTOR) -> dict[str, Tensor]:
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
        raise damaged_error(artifact.folder.parent, f"'{WEIGHTS}' holds what is no number")
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _columns(predictor: Prediction, baseline: Prediction) -> dict[str, Tensor]:
    return dict(zip(COLUMNS, (*predictor, baseline.mean), strict=True))
