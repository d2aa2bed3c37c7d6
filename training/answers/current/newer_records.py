"""Records that came into the store, or left it, since a predictor was trained."""

from __future__ import annotations

from typing import NamedTuple

from zoograph.data.store.store import RecordStore
from zoograph.training.answers.question import Question
from zoograph.training.versions.artifact import Artifact
from zoograph.training.versions.changes import find_changes


class NewerRecords(NamedTuple):
    """How the store differs from what a predictor saw.

    Attributes:
        runs: of batches that came or changed since, under the asked protocol.
        about: runs of these batches, under any protocol, of the asked model or of a dataset of the asked families.
        taken_back: batches that it saw and that are no longer there.
    """

    runs: int
    about: int
    taken_back: int

    @property
    def touch(self) -> bool:
        """Whether an answer from before them would leave out what is known of the question now."""
        return self.about > 0 or self.taken_back > 0


def find_newer(store: RecordStore, artifact: Artifact, question: Question) -> NewerRecords:
    """Return what changed in ``store`` since ``artifact`` was trained, by the digests of its batches.

    Raises:
        PredictorError: if the predictor's own list of batches is damaged.
    """
    changes, manifest = find_changes(store, artifact), artifact.manifest
    about: dict[str, int] = {}
    if changes.batches:
        asked = (question.model, question.relatives)
        about = store.count_runs_by_batch(None, manifest.metric, *asked, manifest.modality)
    return NewerRecords(changes.new, sum(about.get(batch, 0) for batch in changes.batches), changes.gone)
