"""How sure a difference between two methods is: bootstraps over families of datasets, and over models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import Tensor

from zoograph.graphs.schema import DATASET
from zoograph.training.evaluation.bootstrap import Comparison, compare_draws, paired_bootstrap
from zoograph.training.evaluation.collections.catalogue import CollectionGraph
from zoograph.training.evaluation.collections.judging import Cells, Verdict
from zoograph.training.evaluation.collections.orders import compare_orders
from zoograph.training.evaluation.metrics import Array

_NUM_SAMPLES = 2000


class Versus(BaseModel):
    """Two methods in one loss.

    Attributes:
        measure: what the loss is of; that of a share or a correlation is 1 less its value.
        method: whose.
        other: whom it is held against.
        units: what was drawn, ``families of datasets`` or ``models``.
        num_units: independent ones.
        difference: mean loss of the method less that of the other; negative is better for the method.
        lower: lower end of its 95 % bootstrap interval.
        upper: upper end.
        p: of no difference.
    """

    measure: str
    method: str
    other: str
    units: str
    num_units: int
    difference: float
    lower: float
    upper: float
    p: float


class Judged(BaseModel, arbitrary_types_allowed=True):
    """What one method said in one table: its cells and the verdicts on them."""

    method: str
    cells: list[Cells]
    verdicts: list[Verdict]


def compare(part: CollectionGraph, ours: Judged, theirs: Judged) -> list[Versus]:
    """Return the differences that can be tested: two units or more are needed."""
    found = [
        _over_datasets(part, ours, theirs, "pearson"),
        _errors(part, ours, theirs, over_models=False),
        _errors(part, ours, theirs, over_models=True),
        _orders_over_models(ours, theirs),
    ]
    return [versus for versus in found if versus is not None]


def coverage_interval(part: CollectionGraph, judged: Judged) -> tuple[float, float] | None:
    """Return the 95 % interval of a coverage, over families of datasets; None for fewer than two."""
    inside = _per_cell(judged, lambda c: ((c.lower <= c.measured) & (c.measured <= c.upper)).astype(np.float64))
    families = _families(part, judged)
    if len(torch.unique(families)) < 2:
        return None
    found = paired_bootstrap(inside, torch.zeros_like(inside), families, _NUM_SAMPLES)
    return found.lower, found.upper


def _over_datasets(part: CollectionGraph, ours: Judged, theirs: Judged, measure: str) -> Versus | None:
    place = {name: node for node, name in enumerate(part.graph[DATASET].ids)}
    values = [{v.dataset: getattr(v, measure) for v in judged.verdicts} for judged in (ours, theirs)]
    shared = [name for name in values[0] if values[0][name] is not None and values[1].get(name) is not None]
    families = part.graph[DATASET].group[torch.tensor([place[name] for name in shared], dtype=torch.long)]
    losses = [1 - torch.tensor([table[name] for name in shared], dtype=torch.float64) for table in values]
    return _test(measure, ours, theirs, "families of datasets", losses, families)


def _errors(part: CollectionGraph, ours: Judged, theirs: Judged, *, over_models: bool) -> Versus | None:
    losses = [_per_cell(judged, lambda cells: np.abs(cells.predicted - cells.measured)) for judged in (ours, theirs)]
    if over_models:
        return _test("mae", ours, theirs, "models", losses, _models(ours))
    return _test("mae", ours, theirs, "families of datasets", losses, _families(part, ours))


def _test(
    measure: str, ours: Judged, theirs: Judged, units: str, losses: Sequence[Tensor], clusters: Tensor
) -> Versus | None:
    if len(torch.unique(clusters)) < 2:
        return None
    return _versus(measure, ours, theirs, units, paired_bootstrap(losses[0], losses[1], clusters, _NUM_SAMPLES))


def _versus(measure: str, ours: Judged, theirs: Judged, units: str, found: Comparison) -> Versus:
    names = {"measure": measure, "method": ours.method, "other": theirs.method, "units": units}
    return Versus(**names, **found._asdict())


def _orders_over_models(ours: Judged, theirs: Judged) -> Versus | None:
    """Draw the models that were asked with all their pairs; a pair counts as often as both of its models are drawn.

    A model that is only compared with is always there, once.
    """
    nodes = np.unique(np.concatenate([np.concatenate([c.models, c.others]) for c in ours.cells]))
    drawn = np.isin(nodes, np.concatenate([c.models for c in ours.cells]))
    if drawn.sum() < 2:
        return None
    gains, counts = [], []
    for mine, other in _by_dataset(ours.cells, theirs.cells):
        gain, count = np.zeros((len(nodes), len(nodes))), np.zeros((len(nodes), len(nodes)))
        for a, b in zip(mine, other, strict=True):
            own, their = (compare_orders(c.predicted, c.measured, c.known) for c in (a, b))
            rows, columns = (
                np.searchsorted(nodes, a.models),
                np.searchsorted(nodes, np.concatenate([a.models, a.others])),
            )
            gain[np.ix_(rows, columns)] += their.right - own.right
            count[np.ix_(rows, columns)] += own.compared
        if count.any():
            gains.append(gain)
            counts.append(count)
    if not gains:
        return None
    found = draw_models(np.stack(gains), np.stack(counts), drawn)
    return _versus("orders", ours, theirs, "models", found)


def draw_models(gains: Array, counts: Array, drawn: NDArray[np.bool_], seed: int = 0) -> Comparison:
    """Bootstrap the mean over datasets of a difference of shares.

    Args:
        gains: (D, G, G) differences summed over pairs of G models, for each of D datasets.
        counts: (D, G, G) how many pairs these are.
        drawn: (G,) which models are drawn; the others count once in every sample.
        seed: of the draws.
    """
    number = int(drawn.sum())
    times = np.ones((_NUM_SAMPLES, len(drawn)))
    times[:, drawn] = np.random.default_rng(seed).multinomial(number, np.full(number, 1 / number), size=_NUM_SAMPLES)
    total, defined = np.zeros(_NUM_SAMPLES), np.zeros(_NUM_SAMPLES)
    for gain, count in zip(gains, counts, strict=True):
        weight = ((times @ count) * times).sum(1)
        lost = ((times @ gain) * times).sum(1)
        total += np.divide(lost, weight, out=np.zeros_like(lost), where=weight > 0)
        defined += weight > 0
    sample = (total / defined.clip(min=1))[defined > 0]
    difference = float(np.mean(gains.sum((1, 2)) / counts.sum((1, 2))))
    return compare_draws(difference, sample, number)


def _by_dataset(ours: Sequence[Cells], theirs: Sequence[Cells]) -> list[tuple[list[Cells], list[Cells]]]:
    grouped: dict[int, tuple[list[Cells], list[Cells]]] = {}
    for a, b in zip(ours, theirs, strict=True):
        mine, other = grouped.setdefault(a.dataset, ([], []))
        mine.append(a)
        other.append(b)
    return list(grouped.values())


def _per_cell(judged: Judged, measure: Callable[[Cells], Array]) -> Tensor:
    return torch.from_numpy(np.concatenate([measure(cells) for cells in judged.cells]))


def _models(judged: Judged) -> Tensor:
    return torch.from_numpy(np.concatenate([cells.models for cells in judged.cells]))


def _families(part: CollectionGraph, judged: Judged) -> Tensor:
    nodes = torch.tensor([cells.dataset for cells in judged.cells for _ in cells.models], dtype=torch.long)
    return part.graph[DATASET].group[nodes]
