"""Champion and challenger on held-out cells, and when there is nothing to compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from zoograph.training.retraining.challenge import (
    challenge,
    retrain_on,
)
from zoograph.training.retraining.train import train_first
from zoograph.training.versions.artifact import Artifact


def test_too_few_held_out_cells_are_said_to_tell_nothing(arrivals: Any, tmp_path: Path) -> None:
    root = tmp_path / "head-toy"
    batches = pd.Series("one", index=range(100))
    train_first(root, arrivals.material(arrivals.zoo.runs[:90], batches[:90]), arrivals.config)
    verdict = retrain_on(root, arrivals.material(arrivals.zoo.runs[:100], batches), arrivals.config).manifest.verdict
    assert verdict.promoted
    assert verdict.reason.startswith("Promoted without a comparison: ")
    assert (verdict.num_cells, verdict.error) == (0, None)


def test_a_champion_of_whose_records_little_is_left_is_not_compared(arrivals: Any, champion: Artifact) -> None:
    renamed = pd.Series("other", index=arrivals.zoo.runs.index)
    verdict = challenge(
        champion.folder.parent, champion, arrivals.material(arrivals.zoo.runs, renamed), arrivals.config
    ).manifest.verdict
    assert verdict.reason == ("Promoted without a comparison: too little is left of what the current one learned from.")
