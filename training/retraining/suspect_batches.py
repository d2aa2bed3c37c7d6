"""Suspect batches: runs of one model whose residuals lie together where chance does not put them."""

from __future__ import annotations

import math
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor

from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.models.method import Prediction
from zoograph.training.retraining.comparison import NOTABLY_WORSE, HeldOutComparison

# Fewer runs of a model, or a model that is known from fewer records, may all be off for a reason of their own.
MIN_RUNS = 5
MIN_KNOWN = 8
# On DomainNet's and TransferGraph's own runs nothing reaches this: see
# `python -m zoograph.scripts.benchmarks.poison_rates`.
_LEAST, _ROOT = 0.75, 3.5
# One wild run is not to speak for a batch, nor a dataset on which all models do the same.
_CAP, _NARROWEST = 3.0, 0.01
# A tenth of the runs lies outside a 90 % interval; a batch with more than twice that is looked at.
_SURPRISING = 0.2
_MOST_CANDIDATES = 8
_SURE = 0.05


class Offset(NamedTuple):
    """One model's runs in one batch.

    Attributes:
        batch: its id.
        model: its id.
        num_runs: of the model in the batch.
        mean: of their residuals, in half-widths of 90 % intervals; positive where they are better than expected.
    """

    batch: str
    model: str
    num_runs: int
    mean: float


def half_width_residuals(answer: Prediction, value: Tensor) -> Tensor:
    """Return (n,) measured less predicted, in units of half a 90 % interval, capped at 3 either way.

    Intervals come clipped to [0, 1]; the wider side counts.
    """
    half = torch.maximum(answer.upper - answer.mean, answer.mean - answer.lower).clamp(min=_NARROWEST)
    return ((value - answer.mean) / half).clamp(-_CAP, _CAP)


def well_known(edge_index: Tensor, pairs: Tensor) -> Tensor:
    """Return (n,) whether the model of each (2, n) pair has eight of the (2, E) records, and its dataset one.

    >>> edges = torch.tensor([[0] * 8 + [1] * 7, [*range(8), *range(7)]])
    >>> well_known(edges, torch.tensor([[0, 0, 1], [7, 8, 0]])).tolist()
    [True, False, False]
    """
    times = [
        torch.bincount(edges, minlength=int(own.max()) + 1)[own] for edges, own in zip(edge_index, pairs, strict=True)
    ]
    return (times[0] >= MIN_KNOWN) & (times[1] > 0)


def least_offset(num_runs: int) -> float:
    r"""Return the mean residual, in half-widths, from which on ``num_runs`` runs of one model are not chance.

    .. math:: \max(0.75,\; 3.5 / \sqrt n)

    The errors of a model's runs are partly its own and partly shared, so that the mean of many is not near zero
    either: hence the floor.
    """
    return max(_LEAST, _ROOT / math.sqrt(num_runs))


def find_offsets(runs: pd.DataFrame) -> list[Offset]:
    """Return the models whose runs in a batch are all too far off, the farthest first.

    Args:
        runs: with ``batch``, ``model``, ``num_runs`` of the row and the ``residual`` of their mean; of models that are
            well known alone.
    """
    weighed = runs.assign(residual=runs["residual"] * runs["num_runs"])
    sums = weighed.groupby(["batch", "model"])[["residual", "num_runs"]].sum()
    offsets = [Offset(str(b), str(m), int(n), float(total / n)) for (b, m), total, n in sums.itertuples()]
    found = [one for one in offsets if one.num_runs >= MIN_RUNS and abs(one.mean) > least_offset(one.num_runs)]
    return sorted(found, key=lambda offset: -abs(offset.mean))


class Suspect(NamedTuple):
    """A new batch that is not to be learned from unseen.

    Attributes:
        batch: its id.
        why: what it does, to follow "which".
    """

    batch: str
    why: str


def find_suspects(comparison: HeldOutComparison) -> tuple[Suspect, ...]:
    """Return the new batches that the champion should not believe.

    One that has runs of a model that are off together as chance does not have it, however few they are. Or one
    that surprises the champion and, told to it, makes it worse on what it knew: either alone is no offence,
    because what is new may surprise, and any record moves answers a little. Each batch is looked at by itself,
    so that no good one hides a bad one.
    """
    if comparison.obstacle() or comparison.too_little():
        return ()
    fresh, version = _unseen_runs(comparison), comparison.champion.manifest.version
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
        if batch not in why and _harms(comparison, batch):
            why[batch] = f"would make '{version}' worse on what it knew"
    return tuple(Suspect(*found) for found in why.items())


def _harms(comparison: HeldOutComparison, batch: str) -> bool:
    told = comparison.without_held_out(comparison.graph_of(comparison.known | (comparison.material.batches == batch)))
    harm = comparison.compare(
        comparison.answering.predict(comparison.pairs, told), comparison.answers, comparison.target_before
    )
    if harm is None:
        return False
    known = ~comparison.target_before.isnan()
    error = float((comparison.answers.mean - comparison.target_before)[known].abs().mean())
    return harm.p < _SURE and harm.difference > (NOTABLY_WORSE - 1) * error


def _unseen_runs(comparison: HeldOutComparison) -> pd.DataFrame:
    """The runs that the champion did not learn from, if any, and where they lie.

    Columns: ``batch``, ``model``, ``num_runs``, ``residual`` in half-widths, how many of them are ``outside`` of the
    interval, and whether the pair is ``well_known``.
    """
    fresh = comparison.material.batches[comparison.material.counted & ~comparison.known]
    if fresh.empty:
        return pd.DataFrame()
    runs = comparison.material.zoo.runs.loc[fresh.index]
    places = [{name: i for i, name in enumerate(comparison.graph[kind].ids)} for kind in (MODEL, DATASET)]
    sides = zip(places, (runs["model"], runs["dataset"]), strict=True)
    pairs = torch.tensor([[place[name] for name in names] for place, names in sides], dtype=torch.long)
    answer = comparison.answering.predict(pairs)
    value, number = torch.tensor(runs["value"].to_numpy()), comparison.material.zoo.num_runs.loc[fresh.index]
    return pd.DataFrame(
        {
            "batch": fresh,
            "model": runs["model"],
            "num_runs": number,
            "residual": half_width_residuals(answer, value).numpy(),
            "outside": ((value < answer.lower) | (value > answer.upper)).numpy() * number,
            "well_known": well_known(comparison.recalled[TRANSFERS_TO].edge_index, pairs).numpy(),
        }
    )


def _most_surprising(fresh: pd.DataFrame) -> list[str]:
    """Return the new batches with many runs outside the champion's intervals, those with most of them first."""
    by_batch = fresh.groupby("batch")[["outside", "num_runs"]].sum()
    surprising = by_batch[by_batch["outside"] > _SURPRISING * by_batch["num_runs"]]
    surprising = surprising.nlargest(_MOST_CANDIDATES, "outside")
    return [str(batch) for batch in surprising.index]
