"""Champion and challenger compared on cells that neither has learned from."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.files.counts import count_of
from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.graphs.splits import hold_out, without_pairs
from zoograph.models.method import Prediction
from zoograph.training.evaluation.bootstrap import Comparison, paired_bootstrap
from zoograph.training.evaluation.metrics import interval_scores
from zoograph.training.predictors.evidence import MINIMUM_RECORDS, EvidencePredictor
from zoograph.training.retraining.held_out_cells import held_out_cells
from zoograph.training.retraining.material import Material
from zoograph.training.retraining.not_worse import Check, check_error, check_intervals
from zoograph.training.versions.artifact import Artifact
from zoograph.training.versions.restore import saved_tensors
from zoograph.training.versions.verdict import Verdict

# Fewer held-out cells than this, or of fewer families of datasets, tell nothing.
MIN_CELLS, MIN_FAMILIES = 20, 5
NOTABLY_WORSE = 1.02
# More tell hardly more, and each part of the datasets is answered from records of its own, which takes a second.
_MOST_CELLS = 5_000


@dataclass
class HeldOutComparison:
    """The held-out cells, and what champion and challenger predict of them, or of some where there are very many.

    Args:
        champion: the version that answers now.
        material: what the challenger learns from.
    """

    champion: Artifact
    material: Material

    def __post_init__(self) -> None:
        self.graph = self.material.graph()
        self.held_out = held_out_cells(self.graph)
        self._rest, self._held, target = hold_out(self.graph, self.held_out)
        asked = some_families(self.graph, self._held)
        self.pairs, self.target = self._held[:, asked], target[asked]
        self.families = self.graph[DATASET].group[self.pairs[1]]

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
        """Return how ``challenger`` does against the champion: it is promoted if it is shown to be not worse."""
        parent = self.champion.manifest
        verdict = Verdict(parent=parent.version, added=parent.verdict.added)
        if obstacle := self.obstacle():
            return verdict.model_copy(update={"reason": f"Promoted without a comparison: {obstacle}.", "added": 0.0})
        if little := self.too_little():
            return verdict.model_copy(
                update={"promoted": False, "reason": f"Not shown to be as good as '{parent.version}': {little}."}
            )
        new, old = challenger.predict(self.pairs, self._rest), self.answers
        checks = self._checks(new, old)
        failed = [check for check in checks if not check.holds]
        error = checks[0]
        shown = failed or checks[:1]
        return verdict.model_copy(
            update={
                "num_cells": len(self.target),
                "num_families": error.found.num_units,
                **_scores(new, self.target),
                **{f"parent_{name}": value for name, value in _scores(old, self.target).items()},
                "difference": error.found.difference,
                "lower": error.found.lower,
                "upper": error.found.upper,
                "margin": error.margin,
                "added": max(0.0, verdict.added + error.found.difference),
                "promoted": not failed,
                "reason": f"{_judgement(failed)} '{verdict.parent}': "
                + "; ".join(f"{check.sentence}, {check.margin:.4f} allowed" for check in shown)
                + ".",
            }
        )

    def _checks(self, new: Prediction, old: Prediction) -> list[Check]:
        """Return what must not be worse: the error on all held-out cells first."""
        added = self.champion.manifest.verdict.added
        checks = []
        for target, where in (
            (self.target, "on the held-out cells"),
            (self.target_before, "on the held-out cells that were known before"),
        ):
            known = ~target.isnan()
            if len(self.families[known].unique()) >= MIN_FAMILIES:
                told, before = (Prediction(*(bound[known] for bound in answer)) for answer in (new, old))
                check = check_error(told, before, target[known], self.families[known], where)
                checks.append(check._replace(margin=check.margin - added))
        return checks + check_intervals(new, old, self.target, self.families, "on the held-out cells")

    def graph_of(self, runs: pd.Series[bool]) -> HeteroData:
        """Return the graph of some runs, as the champion's vocabulary has it."""
        return self.material.graph(self.champion.manifest.vocabulary, only=runs)

    def without_held_out(self, graph: HeteroData) -> HeteroData:
        """Return a copy of ``graph`` without the held-out cells."""
        return without_pairs(graph, self._held)

    def obstacle(self) -> str | None:
        """Return why the two cannot be compared, if so: the champion is one of other texts or records."""
        if self.material.text.digest != self.champion.manifest.encoder_digest:
            return "the text encoder is another one"
        if self.before[TRANSFERS_TO].num_edges < MINIMUM_RECORDS + self._held.shape[1]:
            return "too little is left of what the current one learned from"
        return None

    def too_little(self) -> str | None:
        """Return why nothing can be shown, if so: there are too few held-out cells, or they are of too few families."""
        count, families = len(self.target), len(self.families.unique())
        if count >= MIN_CELLS and families >= MIN_FAMILIES:
            return None
        return (
            f"{count_of(count, 'held-out cell')} of {count_of(families, 'family', 'families')} of datasets "
            f"tell nothing, {MIN_CELLS} of {MIN_FAMILIES} are needed"
        )

    def compare(self, new: Prediction, old: Prediction, target: Tensor) -> Comparison | None:
        """Return the difference of absolute errors where the target is known; None if that is on one family."""
        known = ~target.isnan()
        families = self.families[known]
        if len(families.unique()) < 2:
            return None
        mine, other = ((answer.mean - target)[known].abs() for answer in (new, old))
        return paired_bootstrap(mine, other, families)


def some_families(graph: HeteroData, pairs: Tensor, most: int | None = None) -> Tensor:
    """Return (n,) which of the (2, n) pairs are compared: all, or those of whole families of datasets, by a hash.

    Args:
        graph: of the pairs.
        pairs: held-out cells.
        most: of them from which on no family is added; default: 5,000.
    """
    ids, group = graph[DATASET].ids, graph[DATASET].group
    first: dict[int, str] = {}
    for name, family in zip(ids, group.tolist(), strict=True):
        first[family] = min(first.get(family, name), name)
    cells, taken = torch.bincount(group[pairs[1]], minlength=max(first, default=0) + 1), 0
    asked = torch.zeros(len(cells), dtype=torch.bool)
    for family in sorted(first, key=lambda family: (zlib.crc32(first[family].encode()), first[family])):
        if taken < (_MOST_CELLS if most is None else most):
            asked[family], taken = True, taken + int(cells[family])
    return asked[group[pairs[1]]]


def _judgement(failed: list[Check]) -> str:
    if not failed:
        return "Not worse than"
    return "Worse than" if any(check.found.lower > 0 for check in failed) else "Not shown to be as good as"


def _scores(answer: Prediction, target: Tensor) -> dict[str, float]:
    """Return mean absolute error, the share of intervals that hold, and the mean interval score."""
    inside = (answer.lower <= target) & (target <= answer.upper)
    return {
        "error": float((answer.mean - target).abs().mean()),
        "coverage": float(inside.float().mean()),
        "interval_score": float(interval_scores(answer, target).mean()),
    }
