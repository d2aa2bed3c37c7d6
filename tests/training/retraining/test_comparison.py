"""Champion and challenger on held-out cells, and when there is nothing to compare."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, TRANSFERS_TO
from zoograph.graphs.splits import is_edge
from zoograph.models.method import Prediction
from zoograph.training.retraining import comparison as module
from zoograph.training.retraining.challenge import (
    challenge,
    retrain_on,
)
from zoograph.training.retraining.comparison import HeldOutComparison, some_families
from zoograph.training.retraining.train import train_first
from zoograph.training.versions.artifact import SAW, Artifact


def test_too_few_held_out_cells_are_said_to_tell_nothing(arrivals: Any, tmp_path: Path) -> None:
    root = tmp_path / "head-toy"
    batches = pd.Series(["one"] * 90 + ["two"] * 10)
    train_first(root, arrivals.material(arrivals.zoo.runs[:90], batches[:90]), arrivals.config)
    verdict = retrain_on(root, arrivals.material(arrivals.zoo.runs[:100], batches), arrivals.config).manifest.verdict
    assert not verdict.promoted
    assert verdict.parent is not None
    assert verdict.reason == (
        f"Not shown to be as good as '{verdict.parent}': 11 held-out cells of 10 families of datasets tell nothing, "
        "20 of 5 are needed."
    )
    assert (verdict.num_cells, verdict.error) == (0, None)


def test_what_promotions_in_a_row_have_added_narrows_the_margin(arrivals: Any, champion: Artifact) -> None:
    material = arrivals.material(arrivals.zoo.runs, arrivals.batches())
    first = HeldOutComparison(champion, material)
    worn = champion.manifest.verdict.model_copy(update={"added": 0.5})
    second = HeldOutComparison(
        replace(champion, manifest=champion.manifest.model_copy(update={"verdict": worn})), material
    )
    verdict, strict = (comparison.judge(comparison.answering) for comparison in (first, second))
    assert (verdict.promoted, verdict.added) == (True, 0.0)
    assert verdict.difference < 0
    assert (strict.promoted, strict.added) == (False, pytest.approx(0.5 + verdict.difference))
    assert strict.margin == pytest.approx(verdict.margin - 0.5)


def test_widths_are_judged_too(arrivals: Any, champion: Artifact) -> None:
    """The same means with intervals of a third of their width."""
    comparison = HeldOutComparison(champion, arrivals.material(arrivals.zoo.runs, arrivals.batches()))
    narrow = copy.copy(comparison.answering)
    narrow.predict = lambda pairs, _: _narrowed(comparison.answers)  # type: ignore[method-assign]
    verdict = comparison.judge(narrow)
    assert (verdict.promoted, verdict.difference) == (False, 0.0)
    assert verdict.coverage < verdict.parent_coverage
    assert verdict.interval_score > verdict.parent_interval_score
    assert verdict.reason.startswith("Worse than")
    assert "interval score on the held-out cells +" in verdict.reason
    assert "shortfall of coverage on the held-out cells +" in verdict.reason


def _narrowed(answer: Prediction) -> Prediction:
    mean, lower, upper = answer
    return Prediction(mean, mean - (mean - lower) / 3, mean + (upper - mean) / 3)


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


def test_of_very_many_held_out_cells_those_of_some_families_are_compared_and_all_are_hidden(
    arrivals: Any, champion: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    material = arrivals.material(arrivals.zoo.runs, arrivals.batches())
    every = HeldOutComparison(champion, material)
    monkeypatch.setattr(module, "_MOST_CELLS", 40)
    some = HeldOutComparison(champion, material)
    assert 40 <= some.pairs.shape[1] < every.pairs.shape[1]
    group = every.graph[DATASET].group
    of_these = torch.isin(group[every.pairs[1]], some.families)
    assert torch.equal(every.pairs[:, of_these], some.pairs)  # whole families
    for graph in (some._rest, some.recalled):
        assert not is_edge(graph[TRANSFERS_TO].edge_index, every.pairs).any()


def test_families_are_compared_whatever_their_order_in_the_graph(arrivals: Any) -> None:
    graph = arrivals.early().graph()
    pairs = graph[TRANSFERS_TO].edge_index
    asked = some_families(graph, pairs, 100)
    assert 100 <= int(asked.sum()) < pairs.shape[1]
    renumbered = copy.copy(graph)
    last = int(graph[DATASET].group.max())
    renumbered[DATASET].group = last - graph[DATASET].group
    assert torch.equal(some_families(renumbered, pairs, 100), asked)
    assert some_families(graph, pairs, pairs.shape[1]).all()
