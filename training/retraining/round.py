"""One look at the store for what waits to be learned, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from zoograph.data.files.counts import count_of
from zoograph.data.records.report import Report
from zoograph.training.versions.artifact import Artifact

if TYPE_CHECKING:
    import pandas as pd


class Waiting(NamedTuple):
    """How the store differs from what a version saw.

    Attributes:
        new: runs of batches that it has not seen as they are now.
        gone: batches that it saw and that are no longer there.
    """

    new: int
    gone: int


@dataclass(frozen=True)
class Round(Report):
    """A look at the store.

    Attributes:
        waiting: what the newest version has not seen, promoted or not; None if there was no version.
        artifact: the version that was trained; None if too little waited.
        min_new: runs that are enough to retrain on.
    """

    waiting: Waiting | None
    artifact: Artifact | None
    min_new: int = 1

    @property
    def title(self) -> str:
        """What the table is about."""
        return "Retraining"

    @property
    def notes(self) -> tuple[str, ...]:
        """What was learned, whether it answers from now on, and why; or that too little waits."""
        if self.artifact is None:
            count = 0 if self.waiting is None else self.waiting.new
            if not count:
                return ("No new run waits: there is nothing to retrain on.",)
            waits = count_of(count, "new run waits", "new runs wait")
            return (f"{waits}, too few to retrain: {self.min_new:,} are enough, or what '--min-new' says.",)
        manifest, verdict = self.artifact.manifest, self.artifact.manifest.verdict
        learned = (
            f"{manifest.version}, learned from {manifest.num_records:,} records "
            f"({verdict.start} training, {verdict.seconds:.0f} s)."
        )
        if verdict.promoted:
            return learned, verdict.reason, "It is in use from now on."
        undo = f"'zoograph undo {verdict.suspects[0]}'" if verdict.suspects else "'zoograph undo BATCH'"
        aside = (
            f"Not put into use: '{verdict.parent}' stays. {undo} removes a batch; "
            f"'zoograph rollback {manifest.version}' puts the new one into use all the same."
        )
        return learned, verdict.reason, aside

    def to_frame(self) -> pd.DataFrame:
        """Return one row: ``new`` runs and ``gone`` batches that waited, ``version`` that was trained, and its verdict.

        Columns of the verdict: ``records``, ``promoted``, and mean absolute ``error`` and ``parent_error`` on held-out
        cells; missing where nothing was trained.
        """
        import pandas as pd

        waiting = {} if self.waiting is None else self.waiting._asdict()
        trained: dict[str, Any] = {}
        if self.artifact is not None:
            manifest = self.artifact.manifest
            verdict = manifest.verdict.model_dump(include={"promoted", "error", "parent_error"})
            trained = {"version": manifest.version, "records": manifest.num_records, **verdict}
        columns = ["new", "gone", "version", "records", "promoted", "error", "parent_error"]
        return pd.DataFrame([{**waiting, **trained}], columns=columns)
