"""From the store to a saved predictor: what happens when ``predict`` is called for the first time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.cards import DatasetCard, ModelCard
from zoograph.data.errors import PredictorError
from zoograph.data.records import Metric, Protocol
from zoograph.data.snapshot import Zoo
from zoograph.data.store import RecordStore
from zoograph.data.text import TextTable, text_table_for, zoo_texts
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.splits import hold_out, is_edge, pair_folds
from zoograph.models.linear import LinearRegression
from zoograph.models.method import Prediction
from zoograph.training.artifact import (
    COLUMNS,
    PREDICTIONS,
    WEIGHTS,
    Artifact,
    Manifest,
    new_version,
    save_artifact,
)
from zoograph.training.large import LargePredictor, load_predictor, make_predictor
from zoograph.training.predictor import GraphPredictor, Progress, TrainingConfig

_PREDICTOR, _BASELINE = "predictor.", "baseline."
_BASELINE_FOLDS = 10
# A zoo with more pairs than this is answered pair by pair, rather than from a table.
_MOST_LISTED = 1_000_000


def train_predictor(
    store: RecordStore,
    root: Path,
    protocol: Protocol,
    metric: Metric = Metric.TOP1,
    encoder: str | None = None,
    config: TrainingConfig | None = None,
    progress: Progress | None = None,
) -> Artifact:
    """Train on everything in ``store`` and save the result as the current predictor under ``root``.

    Every pair that the store knows is predicted once and saved with it, so that asking again needs no network;
    unless there are more than a million.
    """
    revision, scores = store.revision, store.score_digests()
    zoo = store.snapshot()
    text = text_for(zoo, encoder)
    graph = build_graph(zoo, text.lookup, protocol, metric)
    predictor = (make_predictor(graph, progress) if config is None else GraphPredictor(config, progress)).fit(graph)
    baseline = LinearRegression().fit(graph)
    tensors, values = predictor.state()
    listed = graph[MODEL].num_nodes * graph[DATASET].num_nodes <= _MOST_LISTED
    manifest = Manifest(
        version=new_version(),
        protocol=protocol,
        metric=metric,
        encoder=text.encoder,
        encoder_digest=text.digest,
        created_at=datetime.now(UTC),
        data_hash=zoo.fingerprint(),
        revision=revision,
        num_records=store.count_runs(protocol, metric),
        models=tuple(graph[MODEL].ids) if listed else (),
        datasets=tuple(graph[DATASET].ids) if listed else (),
        vocabulary=graph.vocabulary,
        scores=scores,
        values=values,
        files={},
    )
    weights = {
        **{_PREDICTOR + key: tensor for key, tensor in tensors.items()},
        **{_BASELINE + key: tensor for key, tensor in baseline.state().items()},
    }
    shape = (len(manifest.models), len(manifest.datasets))
    pairs = torch.cartesian_prod(*(torch.arange(size) for size in shape)).t()
    columns = _columns(predictor.predict(pairs), _cross_fitted(baseline, graph, pairs))
    return save_artifact(
        root,
        manifest,
        {
            WEIGHTS: save({key: tensor.contiguous() for key, tensor in weights.items()}),
            PREDICTIONS: save({name: column.reshape(shape).contiguous() for name, column in columns.items()}),
        },
    )


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
    manifest = artifact.manifest
    zoo = store.snapshot().with_cards(models, datasets)
    text = text_for(zoo, encoder)
    if text.digest != manifest.encoder_digest:
        raise PredictorError(
            f"The predictor was trained on embeddings of another encoder than '{text.encoder}'. "
            f"Remove the folder '{artifact.folder.parent}' to have it trained anew."
        )
    graph = build_graph(zoo, text.lookup, manifest.protocol, manifest.metric, manifest.vocabulary)
    predictor, baseline = load_methods(artifact, graph)
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


def load_methods(artifact: Artifact, graph: HeteroData) -> tuple[GraphPredictor | LargePredictor, LinearRegression]:
    """Return the saved predictor and baseline, on ``graph``."""
    from safetensors.torch import load

    tensors = load((artifact.folder / WEIGHTS).read_bytes())
    values: dict[str, Any] = artifact.manifest.values
    return (
        load_predictor(_part(tensors, _PREDICTOR), values, graph),
        LinearRegression.from_state(_part(tensors, _BASELINE), graph),
    )


def text_for(zoo: Zoo, encoder: str | None = None) -> TextTable:
    """Return the embeddings of every text in ``zoo``, computing only those that are not shipped or cached."""
    return text_table_for(zoo_texts(zoo.models.values(), zoo.datasets.values()), encoder)


def _columns(predictor: Prediction, baseline: Prediction) -> dict[str, Tensor]:
    return dict(zip(COLUMNS, (*predictor, baseline.mean), strict=True))


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
