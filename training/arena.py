"""The held-out cells where champion and challenger meet, and the batches that would make the champion worse."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.splits import hold_out, is_edge
from zoograph.models.method import Prediction
from zoograph.training.artifact import Artifact
from zoograph.training.fit import Material, Predictor, saved_tensors
from zoograph.training.held_out import held_out_cells
from zoograph.training.large import load_predictor
from zoograph.training.metrics import Comparison, paired_bootstrap
from zoograph.training.offsets import find_offsets, half_width_residuals, well_known
from zoograph.training.predictor import MINIMUM_RECORDS
from zoograph.training.trial import Trial

# Fewer held-out cells than this tell nothing.
MIN_CELLS = 20
NOTABLY_WORSE = 1.02
# A tenth of the runs lies outside a 90 % interval; a batch with more than twice that is looked at.
_SURPRISING = 0.2
_MOST_CANDIDATES = 8
_SURE = 0.05


class Suspect(NamedTuple):
    """A new batch that is not to be learned from unseen.

    Attributes:
        batch: its id.
        why: what it does, to follow "which".
    """

    batch: str
    why: str


@dataclass
class Arena:
    """The held-out cells, and what the champion says of them.

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
        """Which runs the champion learned from: those of the batches that are as it saw them."""
        saw, now = self.champion.saw(), self.material.batch_digests
        same = [batch for batch, digest in now.items() if saw.get(batch) == digest]
        return self.material.counted & self.material.batches.isin(same)

    @cached_property
    def _before(self) -> HeteroData:
        """The graph of what the champion knew, its held-out cells included."""
        return self._graph_of(self.known)

    @cached_property
    def _recalled(self) -> HeteroData:
        """The graph of what the champion knew without the held-out cells."""
        return self._without_held_out(self._before)

    @cached_property
    def _answering(self) -> Predictor:
        """The champion, which knows what it knew without the held-out cells."""
        manifest = self.champion.manifest
        return load_predictor(saved_tensors(self.champion), manifest.values, self._recalled)

    @cached_property
    def answers(self) -> Prediction:
        """What the champion says of the held-out cells."""
        return self._answering.predict(self.pairs)

    @cached_property
    def target_before(self) -> Tensor:
        """(n,) the held-out cells as the champion knew them; NaN where it knew nothing."""
        store = self._before[TRANSFERS_TO]
        value = {tuple(pair): float(y) for pair, y in zip(store.edge_index.t().tolist(), store.edge_label, strict=True)}
        return torch.tensor([value.get(tuple(pair), float("nan")) for pair in self.pairs.t().tolist()])

    def judge(self, challenger: Predictor) -> Trial:
        """Return how ``challenger`` does against the champion."""
        trial = Trial(parent=self.champion.manifest.version)
        obstacle = self._obstacle()
        if obstacle is not None:
            return trial.model_copy(update={"reason": f"Promoted without a comparison: {obstacle}."})
        new, old = challenger.predict(self.pairs, self._rest), self.answers
        everywhere = self._compare(new, old, self.target)
        verdicts = {"on the held-out cells": everywhere}
        before = self._compare(new, old, self.target_before)
        if before is not None:
            verdicts["on the held-out cells that were known before"] = before
        assert everywhere is not None
        worse = {where: found for where, found in verdicts.items() if found is not None and found.lower > 0}
        errors, coverages = zip(*(_score(answer, self.target) for answer in (new, old)), strict=True)
        where, shown = next(iter(worse.items()), ("on the held-out cells", everywhere))
        return trial.model_copy(
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
                "reason": f"{'Worse' if worse else 'Not worse'} than '{trial.parent}' {where}: "
                f"{shown.difference:+.4f} ({shown.lower:+.4f} to {shown.upper:+.4f}).",
            }
        )

    def suspects(self) -> tuple[Suspect, ...]:
        """Return the new batches that the champion should not believe.

        One that has runs of a model that are off together as chance does not have it, however few they are. Or one
        that surprises the champion and, told to it, makes it worse on what it knew: either alone is no offence,
        because what is new may surprise, and any record moves answers a little. Each batch is looked at by itself,
        so that no good one hides a bad one.
        """
        if self._obstacle() is not None:
            return ()
        fresh, version = self._fresh, self.champion.manifest.version
        if fresh.empty:
            return ()
        why: dict[str, str] = {}
        for offset in find_offsets(fresh[fresh["well_known"]]):
            side = "better" if offset.mean > 0 else "worse"
            found = (
                f"has {offset.num_runs:,} runs of '{offset.model}' that are {side} than '{version}' expects, "
                f"by {abs(offset.mean):.1f} half-widths of its intervals on average"
            )
            why.setdefault(offset.batch, found)
        for batch in _most_surprising(fresh):
            if batch not in why and self._harms(batch):
                why[batch] = f"would make '{version}' worse on what it knew"
        return tuple(Suspect(*found) for found in why.items())

    def _harms(self, batch: str) -> bool:
        told = self._without_held_out(self._graph_of(self.known | (self.material.batches == batch)))
        harm = self._compare(self._answering.predict(self.pairs, told), self.answers, self.target_before)
        if harm is None:
            return False
        known = ~self.target_before.isnan()
        error = float((self.answers.mean - self.target_before)[known].abs().mean())
        return harm.p < _SURE and harm.difference > (NOTABLY_WORSE - 1) * error

    @cached_property
    def _fresh(self) -> pd.DataFrame:
        """The runs that the champion did not learn from, if any, and where they lie.

        Columns: ``batch``, ``model``, ``residual`` in half-widths, ``outside`` of its interval, and whether the pair
        is ``well_known``.
        """
        fresh = self.material.batches[self.material.counted & ~self.known]
        if fresh.empty:
            return pd.DataFrame()
        runs = self.material.zoo.runs.loc[fresh.index]
        places = [{name: i for i, name in enumerate(self.graph[kind].ids)} for kind in (MODEL, DATASET)]
        sides = zip(places, (runs["model"], runs["dataset"]), strict=True)
        pairs = torch.tensor([[place[name] for name in names] for place, names in sides], dtype=torch.long)
        answer = self._answering.predict(pairs)
        value = torch.tensor(runs["value"].to_numpy())
        return pd.DataFrame(
            {
                "batch": fresh,
                "model": runs["model"],
                "residual": half_width_residuals(answer, value).numpy(),
                "outside": ((value < answer.lower) | (value > answer.upper)).numpy(),
                "well_known": well_known(self._recalled[TRANSFERS_TO].edge_index, pairs).numpy(),
            }
        )

    def _graph_of(self, runs: pd.Series[bool]) -> HeteroData:
        return self.material.graph(self.champion.manifest.vocabulary, only=runs)

    def _without_held_out(self, graph: HeteroData) -> HeteroData:
        return hold_out(graph, is_edge(self.pairs, graph[TRANSFERS_TO].edge_index)).train

    def _obstacle(self) -> str | None:
        """Return why the two cannot be compared, if so."""
        if self.material.text.digest != self.champion.manifest.encoder_digest:
            return "the text encoder is another one"
        if len(self.target) < MIN_CELLS or len(self.pairs[1].unique()) < 2:
            return f"{len(self.target)} held-out cells tell nothing"
        if self._before[TRANSFERS_TO].num_edges < MINIMUM_RECORDS + len(self.target):
            return "too little is left of what the current one learned from"
        return None

    def _compare(self, new: Prediction, old: Prediction, target: Tensor) -> Comparison | None:
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


def _most_surprising(fresh: pd.DataFrame) -> list[str]:
    """Return the new batches with many runs outside the champion's intervals, those with most of them first."""
    by_batch = fresh.groupby("batch")["outside"].agg(["sum", "mean"])
    surprising = by_batch[by_batch["mean"] > _SURPRISING].nlargest(_MOST_CANDIDATES, "sum")
    return [str(batch) for batch in surprising.index]
