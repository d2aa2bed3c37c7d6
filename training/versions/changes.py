"""Changes of the store since a version of a predictor was trained, batch by batch."""

from __future__ import annotations

from typing import NamedTuple

from zoograph.data.store.store import RecordStore
from zoograph.training.versions.artifact import Artifact


class Changes(NamedTuple):
    """What came into the store, changed or left it since a training.

    Attributes:
        batches: that came or changed, of whatever protocol their runs are.
        new: runs in them under the version's protocol.
        gone: batches that the version saw and that are no longer there.
    """

    batches: frozenset[str]
    new: int
    gone: int


def find_changes(store: RecordStore, artifact: Artifact) -> Changes:
    """Return what has changed in ``store`` since ``artifact`` was trained, by the digests of its batches.

    Numbers of runs would not do: as many may have been taken back as have come.

    Raises:
        PredictorError: if the version's own list of batches is damaged.
    """
    manifest = artifact.manifest
    if manifest.revision == store.revision:
        return Changes(frozenset(), 0, 0)
    kind = (manifest.protocol, manifest.metric)
    saw, now = artifact.saw(), store.batch_digests(manifest.metric, manifest.modality)
    changed = frozenset(batch for batch, digest in now.items() if saw.get(batch) != digest)
    runs = store.count_runs_by_batch(*kind, modality=manifest.modality) if changed else {}
    return Changes(changed, sum(runs.get(batch, 0) for batch in changed), len(saw.keys() - now.keys()))
