"""One stage of a hub in a process of its own, so that its peak memory is its own: lines of JSON on stdout.

``python -m zoograph.training.studies.hub.measure STAGE FOLDER MODELS``: first progress, last what was measured.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from zoograph.training.runtime.progress import Progress
from zoograph.training.studies.hub.work import STAGES
from zoograph.training.studies.stages import Stages, report


def measure(stage: str, folder: Path, num_models: int, told: Progress) -> dict[str, Any]:
    """Run one stage and return what it found, with what it cost.

    Args:
        stage: of :data:`zoograph.training.studies.hub.work.STAGES`.
        folder: of the hub, which is made.
        num_models: of the hub.
        told: called with (done, in all).
    """
    folder.mkdir(parents=True, exist_ok=True)
    stages = Stages()
    with stages.next(stage):
        found = STAGES[stage](folder, num_models, told)
    return {
        **found,
        "seconds": stages.seconds[stage],
        "cpu_seconds": stages.cpu[stage],
        "imports_rss_gib": stages.first_rss,
        "peak_rss_gib": stages.peaks[stage],
        "day": datetime.now(UTC).date().isoformat(),
    }


if __name__ == "__main__":
    report(
        result=measure(
            sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), lambda done, total: report(done=done, total=total)
        )
    )
