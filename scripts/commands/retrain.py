"""``zoograph retrain``: learn from what arrived, and let the result answer only if it is not worse."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.data.errors import ZoographError
from zoograph.data.records.records import Metric, Protocol
from zoograph.scripts.terminal.options import LearningDevice, WhoseEncoder, WhoseMetric, WhosePredictor
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.program import FAILED, tell_error
from zoograph.scripts.terminal.progress import progress_bar

if TYPE_CHECKING:
    import torch

    from zoograph.training.retraining.round import Round
    from zoograph.training.versions.folders import PredictorFolder

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def retrain(
    watch: Annotated[bool, typer.Option("--watch", help="Go on looking, until it is stopped.")] = False,
    min_new: Annotated[int, typer.Option(min=1, help="Retrain when so many runs wait.")] = 25,
    every: Annotated[str, typer.Option(help="How often to look: a number with `s`, `m`, `h` or `d`.")] = "1h",
    protocol: WhosePredictor = None,
    metric: WhoseMetric = None,
    encoder: WhoseEncoder = None,
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="Then remove old versions, as `zoograph prune --keep` does. Default: none."),
    ] = None,
    device: LearningDevice = "cpu",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON for each predictor on stdout, and nothing else there.")
    ] = False,
) -> None:
    """Retrain the predictors on everything in the store; a new one is used only if it is shown to be not worse.

    The new predictor starts from the current one, and both are compared on records that neither learned from. One that
    is not used is kept, with the reason; the exit code is 1 then, else 0. A training that was killed goes on where it
    stopped.

    Example: `zoograph retrain --min-new 1`
    """
    from zoograph.data.networks.devices import learning_device

    pause, place = _parse_every(every), learning_device(device)
    while True:
        kept_aside, failed = False, []
        for folder in _chosen(protocol, encoder, metric):
            try:
                kept_aside |= _look(folder, min_new, keep, place, as_json)
            except ZoographError as error:  # the other predictors have their turn all the same
                failed.append(error)
        if not watch and failed:
            raise failed[0]
        if not watch:
            raise typer.Exit(FAILED if kept_aside else 0)
        for failure in failed:  # a busy database or a full disk may be over by the next round
            tell_error(failure)
        time.sleep(pause)


def _parse_every(text: str) -> int:
    found = re.fullmatch(r"([1-9]\d{0,6})([smhd])", text.strip())
    if found is None:
        raise ZoographError(f"'--every' takes a number and one of s, m, h, d, such as '30m' (got '{text}').")
    return int(found[1]) * _SECONDS[found[2]]


def _chosen(protocol: Protocol | None, encoder: str | None, metric: Metric | None) -> list[PredictorFolder]:
    from zoograph.training.versions.folders import find_predictors, predictor_folder

    trained = find_predictors(protocol, metric=metric)
    found = [folder for folder in trained if encoder is None or folder.uses(encoder)]
    if not trained and protocol is None and encoder is None and metric in (None, Metric.TOP1):
        found = [predictor_folder(kind, None, Metric.TOP1, modality) for kind, modality in _ways_with_own_runs()]
    return found or [predictor_folder(protocol or Protocol.HEAD, encoder, metric or Metric.TOP1)]


def _ways_with_own_runs() -> list[tuple[Protocol, str]]:
    """Return protocol and modality of those predictors that ship of whose kind runs came in."""
    from zoograph.data.store.batches import SHIPPED_BATCH
    from zoograph.data.store.store import RecordStore
    from zoograph.training.versions.shipped import SHIPPED_QUESTIONS

    with RecordStore.open() as store:
        return [
            (kind, modality)
            for kind, modality in SHIPPED_QUESTIONS
            if store.count_runs_by_batch(kind, modality=modality).keys() - {SHIPPED_BATCH}
        ]


def _look(folder: PredictorFolder, min_new: int, keep: int | None, device: torch.device, as_json: bool) -> bool:
    """Retrain one predictor if enough waits, then remove old ones; return whether the new one was kept aside."""
    from zoograph.data.store.store import RecordStore
    from zoograph.training.retraining.challenge import retrain_if_needed
    from zoograph.training.versions.pruning import prune

    # By its folder: what finds the encoder may find other weights today, which is an error and no other predictor.
    with RecordStore.open() as store, progress_bar(f"Retraining: {folder.title}") as progress:
        done = retrain_if_needed(
            store,
            folder.root,
            folder.protocol,
            min_new,
            progress=progress,
            encoder=folder.source,
            metric=folder.metric,
            modality=folder.modality,
            device=device,
        )
    if as_json:
        print_json("retrain", _as_dict(folder, done), done.notes, indent=None)
    else:
        print(f"{folder.title}: " + "\n".join(done.notes), flush=True)
    if keep is not None:
        prune(folder.root, keep)
    return done.artifact is not None and not done.artifact.manifest.verdict.promoted


def _as_dict(folder: PredictorFolder, done: Round) -> dict[str, object]:
    trained = None
    if done.artifact is not None:
        manifest = done.artifact.manifest
        trained = {
            "version": manifest.version,
            "records": manifest.num_records,
            **manifest.verdict.model_dump(mode="json"),
        }
    return {
        "protocol": folder.protocol.value,
        "metric": folder.metric.value,
        "modality": folder.modality,
        "encoder": folder.encoder,
        "waiting": None if done.waiting is None else done.waiting._asdict(),
        "trained": trained,
    }
