"""The predictors that ship: trained on the zoo that ships, and taken over at the first question if it is unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from zoograph.data.collections.tables import shipped_zoo
from zoograph.data.errors import PredictorError
from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Protocol
from zoograph.models.evidence.kernel_start import start_digest
from zoograph.training.versions.artifact import MANIFEST, SEAL, Artifact
from zoograph.training.versions.load import load_current
from zoograph.training.versions.save import save_artifact

SHIPPED_QUESTIONS = (
    *((protocol, Modality.IMAGE.value) for protocol in Protocol),
    (Protocol.PROBE, Modality.TEXT.value),
)
"""Protocols and modalities of the predictors that ship; all predict top-1 accuracy."""


def shipped_predictors() -> Path:
    """Return the folder that holds a folder of versions for each predictor that ships."""
    return shipped_zoo() / "predictors"


def take_shipped(root: Path, batches: Mapping[str, str]) -> Artifact | None:
    """Make the shipped predictor the current one under ``root``; None if none ships that knows these records.

    Args:
        root: folder of all versions of one predictor, with none yet.
        batches: digest of each batch of the store. A predictor that saw another zoo than the one that ships is stale;
            batches that came in since are newer records, as they are for any predictor. One that learned from another
            start of the kernel is stale as well.

    Raises:
        PredictorError: if it is damaged.
    """
    source = shipped_predictors() / root.name
    artifact = load_current(source) if source.is_dir() else None
    if artifact is None or any(batches.get(batch) != seen for batch, seen in artifact.saw().items()):
        return None
    if artifact.manifest.values.get("kernel", start_digest()) != start_digest():
        return None
    names = sorted(path.name for path in artifact.folder.iterdir() if path.name not in (MANIFEST, SEAL))
    files = {name: (artifact.folder / name).read_bytes() for name in names}
    try:
        return save_artifact(root, artifact.manifest, files)
    except PredictorError:  # a home that is full or read-only: it answers from where it is
        return artifact
