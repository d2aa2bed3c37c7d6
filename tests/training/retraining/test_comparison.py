"""Champion and challenger on held-out cells, and when there is nothing to compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from zoograph.graphs.schema import MEASURED_OTHERWISE, TRANSFERS_TO
from zoograph.graphs.splits import is_edge
from zoograph.training.retraining.challenge import (
    challenge,
    retrain_on,
)
from zoograph.training.retraining.comparison import HeldOutComparison
from zoograph.training.retraining.train import train_first
from zoograph.training.versions.artifact import SAW, Artifact


def test_too_few_held_out_cells_are_said_to_tell_nothing(arrivals: Any, tmp_path: Path) -> None:
    root = tmp_path / "head-toy"
    batches = pd.Series("one", index=range(100))
    train_first(root, arrivals.material(arrivals.zoo.runs[:90], batches[:90]), arrivals.config)
    verdict = retrain_on(root, arrivals.material(arrivals.zoo.runs[:100], batches), arrivals.config).manifest.verdict
    assert verdict.promoted
    assert verdict.reason.startswith("Promoted without a comparison: ")
    assert (verdict.num_cells, verdict.error) == (0, None)


def test_what_other_protocols_measured_of_held_out_cells_is_hidden_from_both(arrivals: Any, champion: Artifact) -> None:
    """Also of a cell whose head came late, which the champion does not know as one."""
    tuned = arrivals.zoo.runs.assign(protocol="finetune")
    runs = pd.concat([arrivals.zoo.runs, tuned], ignore_index=True)
    batches = pd.concat([arrivals.batches(), pd.Series("early", index=tuned.index)], ignore_index=True)
    material = arrivals.material(runs, batches)
    early = arrivals.batches() == "early"
    seen = arrivals.material(
        pd.concat([arrivals.zoo.runs[early], tuned], ignore_index=True),
        pd.Series("early", index=range(int(early.sum()) + len(tuned))),
    )
    (champion.folder / SAW).write_text(json.dumps(seen.batch_digests))
    comparison = HeldOutComparison(champion, material)
    assert comparison.known.sum() == early.sum() + len(tuned)
    before, recalled = comparison.before, comparison.recalled
    assert before[MEASURED_OTHERWISE].num_edges == len(tuned)
    late = ~is_edge(before[TRANSFERS_TO].edge_index, comparison.pairs)
    assert late.any()
    for graph in (recalled, comparison._rest):
        assert not is_edge(graph[MEASURED_OTHERWISE].edge_index, comparison.pairs).any()


def test_a_champion_of_whose_records_little_is_left_is_not_compared(arrivals: Any, champion: Artifact) -> None:
    renamed = pd.Series("other", index=arrivals.zoo.runs.index)
    verdict = challenge(
        champion.folder.parent, champion, arrivals.material(arrivals.zoo.runs, renamed), arrivals.config
    ).manifest.verdict
    assert verdict.reason == ("Promoted without a comparison: too little is left of what the current one learned from.")
