"""From the store to a saved predictor: what happens when ``predict`` is called for the first time."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import save
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.cards import DatasetCard, ModelCard
from zoograph.data.errors import PredictorError
from zoograph.data.records import Metric, Protocol
from zoograph.data.snapshot import Zoo
from zoograph.data.store import RecordStore
from zoograph.data.text import TextTable, text_table_for, zoo_texts
from zoograph.graphs.builder import Vocabulary, build_graph
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.splits import hold_out, is_edge, keep_records, pair_folds
from zoograph.models.linear import LinearRegression
from zoograph.models.method import Prediction
from zoograph.training.artifact import (
    COLUMNS,
    PREDICTIONS,
    SAW,
    WEIGHTS,
    Artifact,
    Manifest,
    damaged_error,
    new_version,
    read_tensor_file,
    save_artifact,
)
from zoograph.training.held_out import held_out_cells
from zoograph.training.large import LargePredictor, load_predictor, make_predictor
from zoograph.training.member_cache import MemberCache
from zoograph.training.predictor import GraphPredictor, Progress, TrainingConfig
from zoograph.training.trial import Trial

Predictor = GraphPredictor | LargePredictor
_PREDICTOR, _BASELINE = "predictor.", "baseline."
_BASELINE_FOLDS = 10
# A zoo with more pairs than this is answered pair by pair, rather than from a table.
_MOST_LISTED = 1_000_000


@dataclass(frozen=True)
class Material:
    """Everything that a version learns from, as of one moment.

    Attributes:
        zoo: cards and records.
        batches: the batch of each run of ``zoo``.
        text: embeddings of every text in ``zoo``.
        protocol, metric: whose runs count.
        revision: the store's token.
        scores: token of the scores of each dataset.
    """

    zoo: Zoo
    batches: pd.Series[str]
    text: TextTable
    protocol: Protocol
    metric: Metric
    revision: str = ""
    scores: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, store: RecordStore, protocol: Protocol, metric: Metric, encoder: str | None = None) -> Material:
        """Read a store; if it is written to meanwhile, read it again."""
        while True:
            revision, scores = store.revision, store.score_digests()
            zoo = store.snapshot().without_hindsight()
            batches = [batch for part in store.stream_runs(["batch"]) for (batch,) in part]
            if store.revision == revision:
                break
        return cls(zoo, pd.Series(batches, dtype=str), text_for(zoo, encoder), protocol, metric, revision, scores)

    @cached_property
    def counted(self) -> pd.Series[bool]:
        """Which runs are of the protocol and the metric."""
        runs = self.zoo.runs
        return (runs["protocol"] == self.protocol) & (runs["metric"] == self.metric)

    @cached_property
    def batch_digests(self) -> dict[str, str]:
        """A token of the counted runs of each batch, which changes with every one of them."""
        columns = ["model", "dataset", "value"]
        hashed = pd.util.hash_pandas_object(self.zoo.runs.loc[self.counted, columns], index=False)
        own = self.batches[self.counted]
        return {
            str(batch): hashlib.sha256(part.sort_values().to_numpy().tobytes()).hexdigest()[:16]
            for batch, part in hashed.groupby(own)
        }

    def graph(self, vocabulary: Vocabulary | None = None, only: pd.Series[bool] | None = None) -> HeteroData:
        """Return the graph of all runs, or ``only`` of these."""
        zoo = self.zoo if only is None else self.zoo.with_runs(self.zoo.runs[only])
        return build_graph(zoo, self.text.lookup, self.protocol, self.metric, vocabulary)


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

    Held-out cells are not learned from, though answers are conditioned on them: the next version will meet this
    one there. A training that was killed goes on with the member that it was at.
    """
    return train_first(root, Material.of(store, protocol, metric, encoder), config, progress)


def train_first(
    root: Path, material: Material, config: TrainingConfig | None = None, progress: Progress | None = None
) -> Artifact:
    """Train on ``material`` and save the result as the current predictor under ``root``, without a comparison."""
    begun = time.monotonic()
    graph = material.graph()
    cache = MemberCache(root, training_key(material, graph, config, None))
    predictor = learn(graph, held_out_cells(graph), config, progress, cache=cache)
    trial = Trial(full_records=graph[TRANSFERS_TO].num_edges, seconds=time.monotonic() - begun)
    artifact = save_predictor(root, material, graph, predictor, trial)
    cache.clear()
    return artifact


def training_key(material: Material, graph: HeteroData, config: TrainingConfig | None, start: str | None) -> str:
    """Return a digest of everything that decides how the members of a training turn out."""
    parts = (
        material.zoo.fingerprint(),
        material.protocol.value,
        material.metric.value,
        material.text.digest,
        json.dumps(graph.vocabulary, sort_keys=True),
        (config or TrainingConfig()).model_dump_json(),
        start or "",
        torch.__version__,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def learn(
    graph: HeteroData,
    held_out: Tensor,
    config: TrainingConfig | None = None,
    progress: Progress | None = None,
    start: dict[str, Tensor] | None = None,
    cache: MemberCache | None = None,
) -> Predictor:
    """Return a predictor that knows all records of ``graph``, and learned from those that are not ``held_out`` (E,).

    Args:
        graph: as built.
        held_out: records that answers are conditioned on alone.
        config: how to train; default: as the number of records asks for.
        progress: called with (steps done, steps in all).
        start: tensors of an earlier exact predictor to learn on from.
        cache: of the members that are finished.
    """
    chosen = make_predictor(graph, progress) if config is None else GraphPredictor(config, progress)
    if isinstance(chosen, LargePredictor):
        return LargePredictor.from_state(*chosen.fit(keep_records(graph, ~held_out)).state(), graph)
    return GraphPredictor(chosen.config, progress, start, cache).fit(graph, held_out)


def save_predictor(
    root: Path,
    material: Material,
    graph: HeteroData,
    predictor: Predictor,
    trial: Trial,
) -> Artifact:
    """Save a predictor of ``graph``; if it was promoted, it answers from now on.

    Every pair that the store knows is predicted once and saved with it, so that asking again needs no network;
    unless there are more than a million.

    Raises:
        PredictorError: if it cannot be written, or another version was promoted since the trial.
    """
    baseline = LinearRegression().fit(graph)
    tensors, values = predictor.state()
    listed = graph[MODEL].num_nodes * graph[DATASET].num_nodes <= _MOST_LISTED
    manifest = Manifest(
        version=new_version(),
        protocol=material.protocol,
        metric=material.metric,
        encoder=material.text.encoder,
        encoder_digest=material.text.digest,
        created_at=datetime.now(UTC),
        data_hash=material.zoo.fingerprint(),
        revision=material.revision,
        num_records=int(material.counted.sum()),
        models=tuple(graph[MODEL].ids) if listed else (),
        datasets=tuple(graph[DATASET].ids) if listed else (),
        vocabulary=graph.vocabulary,
        scores=material.scores,
        values=values,
        trial=trial,
        files={},
    )
    weights = {
        **{_PREDICTOR + key: tensor for key, tensor in tensors.items()},
        **{_BASELINE + key: tensor for key, tensor in baseline.state().items()},
    }
    shape = (len(manifest.models), len(manifest.datasets))
    pairs = torch.cartesian_prod(*(torch.arange(size) for size in shape)).t()
    columns = _columns(predictor.predict(pairs), _cross_fitted(baseline, graph, pairs))
    files = {
        WEIGHTS: save({key: tensor.contiguous() for key, tensor in weights.items()}),
        PREDICTIONS: save({name: column.reshape(shape).contiguous() for name, column in columns.items()}),
        SAW: json.dumps(material.batch_digests).encode(),
    }
    return save_artifact(root, manifest, files, expected=trial.parent)


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


def text_for(zoo: Zoo, encoder: str | None = None) -> TextTable:
    """Return the embeddings of every text in ``zoo``, computing only those that are not shipped or cached."""
    return text_table_for(zoo_texts(zoo.models.values(), zoo.datasets.values()), encoder)


def _columns(predictor: Prediction, baseline: Prediction) -> dict[str, Tensor]:
    return dict(zip(COLUMNS, (*predictor, baseline.mean), strict=True))
