"""Records that are left out, in closed form, and predicted from the others: what a predictor is calibrated on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from zoograph.data.records.records import Protocol
from zoograph.graphs.schema import DATASET
from zoograph.models.conformal import SITUATIONS
from zoograph.models.evidence.posterior import Posterior, Prior

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

KNOWN, NEW_DATASET = (SITUATIONS.index(name) for name in ("both known", "new dataset"))
Block = tuple[Tensor, Tensor]
_BOTH_NEW_SAMPLES = 150
_LEAST_RECORDS = 30  # of another protocol, to learn from
_NUM_PARTS = 4
_SEED = 0


class LeftOut(NamedTuple):
    """k records of one block, predicted as if they, and the rest of the block, had never been measured.

    Attributes:
        situation: what was new of them, a place in :data:`zoograph.models.conformal.SITUATIONS`.
        logit: (k,) as measured.
        mean: (k,) predicted.
        covariance: (k, k) of the noiseless logits.
        noise: (k,) variances of one run.
        chance: (k,) what guessing gives.
        dataset: (k,) nodes.
        family: (k,) of the datasets.
    """

    situation: int
    logit: Tensor
    mean: Tensor
    covariance: Tensor
    noise: Tensor
    chance: Tensor
    dataset: Tensor
    family: Tensor


def leave_out(prior: Prior, graph: HeteroData, protocol: int) -> dict[int, list[LeftOut]]:
    """Return what is left out, by protocol: of the asked one in every situation, of others as of new datasets.

    Under one protocol there may be a single family of datasets, which tells little of what a new one is like.
    """
    counts = torch.bincount(prior.records.cells.protocol, minlength=len(Protocol))[: len(Protocol)]
    others = [int(code) for code in (counts >= _LEAST_RECORDS).nonzero() if code != protocol]
    ways = {protocol: range(len(SITUATIONS)), **dict.fromkeys(others, (NEW_DATASET,))}
    return {code: _left_out(prior, graph, code, situations) for code, situations in ways.items()}


def _left_out(prior: Prior, graph: HeteroData, protocol: int, situations: Iterable[int]) -> list[LeftOut]:
    cells = prior.records.cells
    posterior = Posterior(prior, torch.unique(cells.dataset[cells.protocol == protocol]), protocol)
    found = []
    for situation, blocks in blocks_of(posterior, graph, protocol, situations).items():
        for block, inside in blocks:
            if not len(inside) or len(block) == len(posterior.alpha):
                continue
            mean, covariance = posterior.left_out(block, inside)
            rows = block[inside]
            cells = posterior.records.cells.at(rows)
            noise = posterior.noise(mean, cells, graph[DATASET].sample_size[cells.dataset].double())
            chance, family = prior.features.chance[cells.dataset], graph[DATASET].group[cells.dataset]
            logit = posterior.records.logit[rows]
            found.append(LeftOut(situation, logit, mean, covariance, noise, chance, cells.dataset, family))
    return found


def blocks_of(
    posterior: Posterior, graph: HeteroData, protocol: int, situations: Iterable[int] = range(len(SITUATIONS))
) -> dict[int, list[Block]]:
    """Return, by situation, places of records that are left out together, and which of them are asked for.

    Records of the asked protocol are left out at random, a quarter at a time; by family of datasets, by model, and by
    both, each with whatever else was measured of what is left out.
    """
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
