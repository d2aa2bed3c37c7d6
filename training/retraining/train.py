"""Training from a store, and saving what comes out as a version."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.errors import PredictorError
from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.store.store import RecordStore
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, MODEL, SCORED_ON, TRANSFERS_TO
from zoograph.models.baselines.linear import LinearRegression
from zoograph.models.placing import CPU
from zoograph.training.predictors.evidence import MINIMUM_RECORDS, EvidencePredictor, TrainingConfig
from zoograph.training.retraining.held_out_cells import held_out_cells
from zoograph.training.retraining.material import Material
from zoograph.training.runtime.progress import Progress
from zoograph.training.versions.artifact import (
    PREDICTIONS,
    SAW,
    WEIGHTS,
    Artifact,
    Manifest,
)
from zoograph.training.versions.restore import BASELINE, PREDICTOR, answer_pairs
from zoograph.training.versions.save import new_version, save_artifact
from zoograph.training.versions.verdict import Verdict

# A zoo with more pairs of measured models and datasets than this is answered pair by pair, not from a table.
_MOST_LISTED = 1_000_000
# Nor are those of a zoo with more records, of which each 1,500 take five factors for a table.
_MOST_RECORDS = 60_000


def train_predictor(
    store: RecordStore,
    root: Path,
    protocol: Protocol,
    metric: Metric = Metric.TOP1,
    encoder: str | None = None,
    config: TrainingConfig | None = None,
    progress: Progress | None = None,
    modality: str = Modality.IMAGE.value,
    device: torch.device = CPU,
) -> Artifact:
    """Train on what ``store`` has of one protocol, metric and modality, and save it as the current one under ``root``.

    Held-out cells are not learned from, though answers are conditioned on them: the next version will meet this
    one there.
    """
    return train_first(root, Material.of(store, protocol, metric, encoder, modality), config, progress, device)


def train_first(
    root: Path,
    material: Material,
    config: TrainingConfig | None = None,
    progress: Progress | None = None,
    device: torch.device = CPU,
) -> Artifact:
    """Train on ``material`` and save the result as the current predictor under ``root``, without a comparison."""
    begun = time.monotonic()
    graph = material.graph()
    predictor = learn(graph, held_out_cells(graph), config, progress, device=device)
    verdict = Verdict(full_records=graph[TRANSFERS_TO].num_edges, seconds=time.monotonic() - begun)
    return save_predictor(root, material, graph, predictor, verdict)


def learn(
    graph: HeteroData,
    held_out: Tensor,
    config: TrainingConfig | None = None,
    progress: Progress | None = None,
    start: dict[str, Tensor] | None = None,
    device: torch.device = CPU,
) -> EvidencePredictor:
    """Return a predictor that knows all records of ``graph``, and learned from those that are not ``held_out`` (E,).

    Args:
        graph: as built.
        held_out: records that answers are conditioned on alone.
        config: how to train; default: as one for every zoo.
        progress: called with (steps done, steps in all).
        start: tensors of an earlier predictor to learn on from.
        device: where to learn; one with float64.

    Raises:
        PredictorError: if there are too few records to learn from.
    """
    known = graph[TRANSFERS_TO].num_edges
    if known < MINIMUM_RECORDS:
        raise PredictorError(
            f"A predictor needs {MINIMUM_RECORDS} measured pairs of its protocol or more (got {known}). "
            "Bring more with 'zoograph ingest'; until then 'predict' answers with a simple baseline."
        )
    return EvidencePredictor(config, progress, start, device).fit(graph, held_out)


def save_predictor(
    root: Path,
    material: Material,
    graph: HeteroData,
    predictor: EvidencePredictor,
    verdict: Verdict,
) -> Artifact:
    """Save a predictor of ``graph``; if it was promoted, it answers from now on.

    Every pair of a model that was measured or scored and a dataset that was measured is predicted once and saved with
    it, so that asking again needs no predictor; unless there are more than a million, or more than 60,000 records.
    What other protocols alone measured is predicted when it is asked for.

    Raises:
        PredictorError: if it cannot be written. If another version came into use since the verdict, it is kept aside.
    """
    baseline = LinearRegression().fit(graph)
    tensors, values = predictor.state()
    models, datasets = _listed(graph)
    manifest = Manifest(
        version=new_version(),
        protocol=material.protocol,
        metric=material.metric,
        modality=material.modality,
        encoder=material.text.encoder,
        encoder_digest=material.text.digest,
        encoder_source=material.encoder_source,
        created_at=datetime.now(UTC),
        data_hash=material.zoo.fingerprint(),
        revision=material.revision,
        num_records=int(material.zoo.num_runs[material.counted].sum()),
        models=tuple(graph[MODEL].ids[node] for node in models.tolist()),
        datasets=tuple(graph[DATASET].ids[node] for node in datasets.tolist()),
        vocabulary=graph.vocabulary,
        scores=material.scores,
        values=values,
        verdict=verdict,
        files={},
    )
    weights = {
        **{PREDICTOR + key: tensor for key, tensor in tensors.items()},
        **{BASELINE + key: tensor for key, tensor in baseline.state().items()},
    }
    shape = (len(models), len(datasets))
    columns = answer_pairs(graph, predictor, baseline, torch.cartesian_prod(models, datasets).t())
    files = {
        WEIGHTS: save({key: tensor.contiguous() for key, tensor in weights.items()}),
        PREDICTIONS: save({name: column.reshape(shape).contiguous() for name, column in columns.items()}),
        SAW: json.dumps(material.batch_digests).encode(),
    }
    return save_artifact(root, manifest, files, expected=verdict.parent)


def _listed(graph: HeteroData) -> tuple[Tensor, Tensor]:
    """Return the model and dataset nodes that are answered for in a table; none where there are too many."""
    measured, datasets = graph[TRANSFERS_TO].edge_index
    models = torch.unique(torch.cat([measured, graph[SCORED_ON].edge_index[0]]))
    datasets = torch.unique(datasets)
    records = sum(graph[kind].num_edges for kind in (TRANSFERS_TO, MEASURED_OTHERWISE) if kind in graph.edge_types)
    if len(models) * len(datasets) > _MOST_LISTED or records > _MOST_RECORDS:
        return models[:0], datasets[:0]
    return models, datasets
