"""Half-widths of intervals: quantiles of the errors on records that are left out, by what is new of a pair."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from zoograph.data.records.records import Protocol
from zoograph.graphs.schema import DATASET
from zoograph.models.conformal import SITUATIONS, calibrate, grouped_quantile
from zoograph.models.evidence.posterior import Posterior, Prior

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

Block = tuple[Tensor, Tensor]
_NEW_DATASET, _BOTH_NEW = SITUATIONS.index("new dataset"), SITUATIONS.index("both new")
_BOTH_NEW_SAMPLES = 150
_LEAST_RECORDS = 30  # of another protocol, to learn from
_NUM_PARTS = 4
_SEED = 0


class _LeftOut(NamedTuple):
    """Errors (n,) of left-out records in standard deviations, their situations, and families of datasets."""

    error: Tensor
    situation: Tensor
    family: Tensor

    def of(self, situation: int) -> _LeftOut:
        """Return those of one situation."""
        return _LeftOut(*(part[self.situation == situation] for part in self))


def calibrated_widths(prior: Prior, graph: HeteroData, protocol: int) -> list[float]:
    """Return the half-width of each situation of :mod:`zoograph.models.conformal`, in standard deviations of the logit.

    Records of the asked protocol are left out at random, a quarter at a time; by family of datasets, by model, and by
    both, each with whatever else was measured of what is left out. Under one protocol there may be a single family: so
    of new datasets, intervals are as wide as those of all protocols ask for, if that is more.
    """
    own = _left_out(prior, graph, protocol, range(len(SITUATIONS)))
    widths = calibrate(own.error, own.situation)
    counts = torch.bincount(prior.records.cells.protocol, minlength=len(Protocol))[: len(Protocol)]
    others = [int(code) for code in (counts >= _LEAST_RECORDS).nonzero() if code != protocol]
    every = [own, *(_left_out(prior, graph, code, (_NEW_DATASET,)) for code in others)]
    parts = [part.of(_NEW_DATASET) for part in every]
    # A family under a protocol is a unit of its own: its level there is.
    units = torch.cat([len(parts) * part.family + place for place, part in enumerate(parts)])
    if len(units):
        errors = torch.cat([part.error for part in parts])
        widths[_NEW_DATASET] = max(widths[_NEW_DATASET], grouped_quantile(errors, units))
    widths[_BOTH_NEW] = max(widths)
    return widths


def _left_out(prior: Prior, graph: HeteroData, protocol: int, situations: Iterable[int]) -> _LeftOut:
    cells = prior.records.cells
    posterior = Posterior(prior, torch.unique(cells.dataset[cells.protocol == protocol]), protocol)
    errors, codes, families = [], [], []
    for code, blocks in _blocks(posterior, graph, protocol, situations).items():
        blocks = [block for block in blocks if len(block[1]) and len(block[0]) < len(posterior.alpha)]
        if blocks:
            rows = torch.cat([block[inside] for block, inside in blocks])
            mean, variance = posterior.left_out(blocks)
            cells = posterior.records.cells.at(rows)
            noise = posterior.noise(mean, cells, graph[DATASET].sample_size[cells.dataset].double())
            errors.append((posterior.records.logit[rows] - mean).abs() / (variance + noise).sqrt())
            codes.append(torch.full((len(rows),), code))
            families.append(graph[DATASET].group[cells.dataset])
    none = torch.zeros(0, dtype=torch.long)
    return _LeftOut(*(torch.cat(parts) if parts else none for parts in (errors, codes, families)))


def _blocks(
    posterior: Posterior, graph: HeteroData, protocol: int, situations: Iterable[int] = range(len(SITUATIONS))
) -> dict[int, list[Block]]:
    """Return, by situation, places of records that are left out together, and which of them are asked for."""
    cells = posterior.records.cells
    family = graph[DATASET].group[cells.dataset]
    asked = cells.protocol == protocol
    places = asked.nonzero().flatten()

    def block(hidden: Tensor, wanted: Tensor) -> Block:
        rows = hidden.nonzero().flatten()
        return rows, wanted[rows].nonzero().flatten()

    shuffled = places[torch.randperm(len(places), generator=torch.Generator().manual_seed(_SEED))]

    def quarters() -> list[Block]:
        return [block(torch.isin(torch.arange(len(asked)), part), asked) for part in shuffled.chunk(_NUM_PARTS)]

    def families() -> list[Block]:
        return [block(family == k, asked) for k in torch.unique(family[places])]

    def models() -> list[Block]:
        return [block(cells.model == k, asked) for k in torch.unique(cells.model[places])]

    def both() -> list[Block]:
        return [
            block((family == family[i]) | (cells.model == cells.model[i]), torch.arange(len(asked)) == i)
            for i in shuffled[:_BOTH_NEW_SAMPLES].tolist()
        ]

    ways = (quarters, families, models, both)
    return {code: ways[code]() for code in situations}
