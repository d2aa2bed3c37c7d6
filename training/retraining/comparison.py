"""Champion and challenger compared on cells that neither has learned from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import hold_out, without_pairs
from zoograph.models.method import Prediction
from zoograph.training.evaluation.bootstrap import Comparison, paired_bootstrap
from zoograph.training.predictors.evidence import MINIMUM_RECORDS, EvidencePredictor
from zoograph.training.retraining.held_out_cells import held_out_cells
from zoograph.training.retraining.material import Material
from zoograph.training.versions.artifact import Artifact
from zoograph.training.versions.restore import saved_tensors
from zoograph.training.versions.verdict import Verdict

# Fewer held-out cells than this tell nothing.
MIN_CELLS = 20
NOTABLY_WORSE = 1.02


@dataclass
class HeldOutComparison:
    """The held-out cells, and what champion and challenger predict of them.

    Args:
        champion: the version that answers now.
        material: what the challenger learns from.
    """

    champion: Artifact
    material: Material

    def __post_init__(self) -> None:
        self.graph = self.material.graph()
        self.held_out = held_out_cells(self.graph)
        self._rest, self.pairs, self.target = hold_out(self.graph, self.held_out)

    @cached_property
    def known(self) -> pd.Series[bool]:
        """Which runs, of all protocols, the champion knew: those of the batches that are as it saw them."""
        saw, now = self.champion.saw(), self.material.batch_digests
        same = [batch for batch, digest in now.items() if saw.get(batch) == digest]
        return self.material.batches.isin(same)

    @cached_property
    def before(self) -> HeteroData:
        """The graph of what the champion knew, its held-out cells included."""
        return self.graph_of(self.known)

    @cached_property
    def recalled(self) -> HeteroData:
        """The graph of what the champion knew without the held-out cells."""
        return self.without_held_out(self.before)

    @cached_property
    def answering(self) -> EvidencePredictor:
        """The champion, which knows what it knew without the held-out cells."""
        manifest = self.champion.manifest
        return EvidencePredictor.from_state(saved_tensors(self.champion), manifest.values, self.recalled)

    @cached_property
    def answers(self) -> Prediction:
        """What the champion says of the held-out cells."""
        return self.answering.predict(self.pairs)

    @cached_property
    def target_before(self) -> Tensor:
        """(n,) the held-out cells as the champion knew them; NaN where it knew nothing."""
        store = self.before[TRANSFERS_TO]
        value = {tuple(pair): float(y) for pair, y in zip(store.edge_index.t().tolist(), store.edge_label, strict=True)}
        return torch.tensor([value.get(tuple(pair), float("nan")) for pair in self.pairs.t().tolist()])

    def judge(self, challenger: EvidencePredictor) -> Verdict:
        """Return how ``challenger`` does against the champion."""
        verdict = Verdict(parent=self.champion.manifest.version)
        obstacle = self.obstacle()
        if obstacle is not None:
            return verdict.model_copy(update={"reason": f"Promoted without a comparison: {obstacle}."})
        new, old = challenger.predict(self.pairs, self._rest), self.answers
        everywhere = self.compare(new, old, self.target)
        verdicts = {"on the held-out cells": everywhere}
        before = self.compare(new, old, self.target_before)
        if before is not None:
            verdicts["on the held-out cells that were known before"] = before
        assert everywhere is not None
        worse = {where: found for where, found in verdicts.items() if found is not None and found.lower > 0}
        errors, coverages = zip(*(_score(answer, self.target) for answer in (new, old)), strict=True)
        where, shown = next(iter(worse.items()), ("on the held-out cells", everywhere))
        return verdict.model_copy(
            update={
                "num_cells": len(self.target),
                "error": errors[0],
                "coverage": coverages[0],
                "parent_error": errors[1],
                "parent_coverage": coverages[1],
                "difference": shown.difference,
                "lower": shown.lower,
                "upper": shown.upper,
                "promoted": not worse,
                "reason": f"{'Worse' if worse else 'Not worse'} than '{verdict.parent}' {where}: "
                f"{shown.difference:+.4f} ({shown.lower:+.4f} to {shown.upper:+.4f}).",
            }
        )

    def graph_of(self, runs: pd.Series[bool]) -> HeteroData:
        """Return the graph of some runs, as the champion's vocabulary has it."""
        return self.material.graph(self.champion.manifest.vocabulary, only=runs)

    def without_held_out(self, graph: HeteroData) -> HeteroData:
        """Return a copy of ``graph`` without the held-out cells."""
        return without_pairs(graph, self.pairs)

    def obstacle(self) -> str | None:
        """Return why the two cannot be compared, if so."""
        if self.material.text.digest != self.champion.manifest.encoder_digest:
            return "the text encoder is another one"
        if len(self.target) < MIN_CELLS or len(self.pairs[1].unique()) < 2:
            return f"{len(self.target)} held-out cells tell nothing"
        if self.before[TRANSFERS_TO].num_edges < MINIMUM_RECORDS + len(self.target):
            return "too little is left of what the current one learned from"
        return None

    def compare(self, new: Prediction, old: Prediction, target: Tensor) -> Comparison | None:
        """Return the difference of absolute errors where the target is known; None if that is on one dataset."""
        known = ~target.isnan()
        datasets = self.pairs[1][known]
        if len(datasets.unique()) < 2:
            return None
        mine, other = ((answer.mean - target)[known].abs() for answer in (new, old))
        return paired_bootstrap(mine, other, datasets)


def _score(answer: Prediction, target: Tensor) -> tuple[float, float]:
    """Return mean absolute error, and the share of intervals that hold."""
    inside = (answer.lower <= target) & (target <= answer.upper)
    return float((answer.mean - target).abs().mean()), float(inside.float().mean())
