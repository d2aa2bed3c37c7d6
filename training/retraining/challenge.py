"""Champion and challenger: a retrained predictor answers only if it is shown to be not worse than the one before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch_geometric.data import HeteroData

from zoograph.data.errors import PredictorError
from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.store.store import RecordStore
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.models.evidence.kernel_start import start_digest
from zoograph.models.placing import CPU
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig
from zoograph.training.retraining.comparison import NOTABLY_WORSE, HeldOutComparison
from zoograph.training.retraining.material import Material
from zoograph.training.retraining.round import Round, Waiting
from zoograph.training.retraining.suspect_batches import Suspect, find_suspects
from zoograph.training.retraining.train import learn, save_predictor, train_first
from zoograph.training.runtime.progress import Progress
from zoograph.training.versions.artifact import SEAL, Artifact, UnreadablePredictor
from zoograph.training.versions.changes import find_changes
from zoograph.training.versions.listing import list_versions
from zoograph.training.versions.load import load_current, load_sealed
from zoograph.training.versions.restore import saved_tensors
from zoograph.training.versions.shipped import take_shipped
from zoograph.training.versions.training_lock import training_alone
from zoograph.training.versions.verdict import Verdict

# A warm start reaches what a full training does while the records are much the same.
_MOST_GROWTH = 1.25


def retrain_on(
    root: Path,
    material: Material,
    config: TrainingConfig | None = None,
    progress: Progress | None = None,
    device: torch.device = CPU,
) -> Artifact:
    """Train on what a store had of one protocol, metric and modality.

    The result answers from now on if it is shown to be not worse than what answers now.

    Returns:
        The new version; its ``verdict`` says whether it was promoted and why. Without a current predictor it is the
        first one.

    Raises:
        PredictorError: if the current predictor is damaged, or the new one cannot be saved.
    """
    with _told_what_to_do():
        champion = load_current(root)
    if champion is None:
        return train_first(root, material, config, progress, device)
    return challenge(root, champion, material, config, progress, device)


def challenge(
    root: Path,
    champion: Artifact,
    material: Material,
    config: TrainingConfig | None = None,
    progress: Progress | None = None,
    device: torch.device = CPU,
) -> Artifact:
    """Train a challenger on ``material``, let it meet the champion, and save it, promoted or kept aside.

    Both answer the same held-out cells. The champion knows what it knew when it was trained, the challenger knows
    all records; neither has learned from a held-out cell nor is conditioned on one. What is saved has the
    challenger's hyper-parameters and is conditioned on every record, the held-out cells included. It is promoted
    if its errors and intervals are shown to be not worse by more than a margin, see
    :mod:`zoograph.training.retraining.not_worse`, and if no new batch is suspect.
    """
    begun = time.monotonic()
    comparison = HeldOutComparison(champion, material)
    graph, held_out = comparison.graph, comparison.held_out
    suspects = find_suspects(comparison)
    starts = ["full"] if must_start_anew(champion, graph, config) else ["warm", "full"]
    tried: list[tuple[EvidencePredictor, Verdict]] = []
    for start in starts:
        warm = start == "warm"
        tensors = saved_tensors(champion) if warm else None
        predictor = learn(graph, held_out, config, progress, tensors, device)
        full_records = champion.manifest.verdict.full_records if warm else graph[TRANSFERS_TO].num_edges
        verdict = comparison.judge(predictor).model_copy(update={"start": start, "full_records": full_records})
        tried.append((predictor, verdict))
        if suspects or not verdict.num_cells or (verdict.promoted and not _is_notably_worse(verdict)):
            break
    predictor, verdict = min(tried, key=lambda one: (not one[1].promoted, one[1].error or 0.0))
    verdict = _accuse(verdict, suspects).model_copy(update={"seconds": time.monotonic() - begun})
    return save_predictor(root, material, graph, predictor, verdict)


def must_start_anew(champion: Artifact, graph: HeteroData, config: TrainingConfig | None) -> bool:
    """Return whether a challenger cannot learn on from ``champion``, or had better not.

    It cannot if it is of another configuration or kernel, or if there are new families, domains, scores or relations.
    It had better not if there are far more records than at the last full training, or fewer.
    """
    manifest = champion.manifest
    wanted = (config or TrainingConfig()).model_dump(mode="json")
    known = {kind: list(words) for kind, words in manifest.vocabulary.items()}
    growth = graph[TRANSFERS_TO].num_edges / max(1, manifest.verdict.full_records)
    return (
        manifest.values.get("config") != wanted
        or manifest.values.get("kernel", start_digest()) != start_digest()
        or known != graph.vocabulary
        or not 1 / _MOST_GROWTH <= growth <= _MOST_GROWTH
    )


def retrain_if_needed(
    store: RecordStore,
    root: Path,
    protocol: Protocol,
    min_new: int,
    config: TrainingConfig | None = None,
    progress: Progress | None = None,
    encoder: str | None = None,
    metric: Metric = Metric.TOP1,
    modality: str = Modality.IMAGE.value,
    device: torch.device = CPU,
) -> Round:
    """Retrain if ``min_new`` runs wait that no version has seen, if a batch was taken back, or for the first time.

    Where there is no version yet, the predictor that ships is the first one, as it is for a question. A challenger
    that was kept aside has seen its runs: they are not tried a second time. Two processes look one after the other.

    Raises:
        EncoderError: if the encoder is not found.
        PredictorError: as :func:`retrain_on`, or if the weights of a chosen encoder were replaced.
    """
    with training_alone(root):
        versions = list_versions(root)
        if not versions.readable and take_shipped(root, store.batch_digests(metric, modality)) is not None:
            versions = list_versions(root)
        if versions.current is None or not versions.readable:
            material = Material.of(store, protocol, metric, encoder, modality)
            return Round(None, retrain_on(root, material, config, progress, device))
        newest = versions.readable[-1]
        with _told_what_to_do():
            changes = find_changes(store, load_sealed(root, root / newest.version / SEAL))
        waiting = Waiting(changes.new, changes.gone)
        if waiting.new < min_new and not waiting.gone:
            return Round(waiting, None, min_new)
        material = Material.of(store, protocol, metric, encoder, modality)
        if material.encoder_source is not None and material.text.digest != newest.encoder_digest:
            raise PredictorError(
                f"The encoder '{encoder}' needs to be the one that the predictor in '{root}' was trained with "
                "(got other weights). Put the old ones back, or ask 'predict --encoder' for a predictor of the new "
                "ones."
            )
        return Round(waiting, retrain_on(root, material, config, progress, device))


@contextmanager
def _told_what_to_do() -> Iterator[None]:
    """Say of a version that is damaged what to do: unlike a question, a training sets none aside."""
    try:
        yield
    except UnreadablePredictor:  # says so itself
        raise
    except PredictorError as error:
        raise PredictorError(f"{error} Move that folder aside to have one trained anew.") from error


def _accuse(verdict: Verdict, suspects: tuple[Suspect, ...]) -> Verdict:
    if not suspects:
        return verdict
    why = "; ".join(f"'{suspect.batch}', which {suspect.why}" for suspect in suspects)
    return verdict.model_copy(
        update={
            "promoted": False,
            "suspects": tuple(suspect.batch for suspect in suspects),
            "reason": f"{verdict.reason} Suspect: {why}.",
        }
    )


def _is_notably_worse(verdict: Verdict) -> bool:
    if verdict.error is None or verdict.parent_error is None:
        return False
    return verdict.error > NOTABLY_WORSE * verdict.parent_error
