"""The predictor that answers now: loaded, or trained on the first call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from zoograph.data.errors import PredictorError
from zoograph.data.home import make_home, require_writable
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.store.store import RecordStore
from zoograph.training.runtime.progress import Progress, Warn
from zoograph.training.versions.artifact import Artifact
from zoograph.training.versions.listing import predictor_root
from zoograph.training.versions.load import load_current
from zoograph.training.versions.save import set_aside


@dataclass(frozen=True)
class Provenance:
    """Where an answer comes from."""

    version: str
    created_at: str
    age: str
    records: int
    newer_records: int
    encoder: str


def current_predictor(
    store: RecordStore,
    protocol: Protocol,
    encoder: str | None = None,
    progress: Progress | None = None,
    warn: Warn | None = None,
) -> Artifact:
    """Return the current predictor of one protocol and encoder; train it if there is none or it is damaged.

    Raises:
        EncoderError: if nobody knows the encoder.
        PredictorError: if the predictor cannot be saved, or a damaged one cannot be moved aside.
        StoreError: if the state folder cannot be written, which is found out before the training.
    """
    root = predictor_root(protocol, encoder)
    try:
        artifact = load_current(root)
    except PredictorError as error:
        artifact = None
        aside = set_aside(root)
        if aside is not None and warn is not None:
            warn(f"{error} It was moved to '{aside}', and a new one is trained.")
    if artifact is not None:
        return artifact
    require_writable(make_home())
    from zoograph.training.retraining.train import train_predictor

    return train_predictor(store, root, protocol, Metric.TOP1, encoder, progress=progress)


def get_provenance(store: RecordStore, artifact: Artifact, protocol: Protocol) -> Provenance:
    """Return where an answer of ``artifact`` comes from, and how many records it has not learned from."""
    manifest = artifact.manifest
    return Provenance(
        manifest.version,
        manifest.created_at.isoformat(timespec="seconds"),
        _age((datetime.now(UTC) - manifest.created_at).total_seconds()),
        manifest.num_records,
        max(0, store.count_runs(protocol) - manifest.num_records),
        manifest.encoder,
    )


def _age(seconds: float) -> str:
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        count = int(seconds // size)
        if count > 0:  # clocks of two machines may disagree
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
