"""Records that are left out, in closed form, and predicted from the others: what a predictor is calibrated on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zoograph.data.records.records import Protocol
from zoograph.graphs.schema import DATASET
from zoograph.models.conformal import BOTH_NEW, KNOWN, NEW_DATASET, NEW_MODEL
from zoograph.models.evidence.cells import Records
from zoograph.models.evidence.posterior import Block, Posterior, Prior, evenly
from zoograph.models.evidence.relevant import MOST_SINGLE
from zoograph.training.predictors.evidence_few_records import with_few_known
from zoograph.training.predictors.evidence_parts import parts_of
from zoograph.training.predictors.left_out import LeftOut

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

LEFT_OUT = (KNOWN, NEW_DATASET, NEW_MODEL, BOTH_NEW)
"""Situations that records are left out for."""
_BOTH_NEW_SAMPLES = 150
_LEAST_RECORDS = 30  # of another protocol, to learn from
_NUM_PARTS = 4
_MOST_PARTS, _MOST_OTHER_PARTS = 16, 8  # of datasets with records of the asked protocol, and without
_SEED = 0


def leave_out(prior: Prior, graph: HeteroData, protocol: int, among: Tensor | None = None) -> dict[int, list[LeftOut]]:
    """Return what is left out, by protocol: of the asked one in every situation, of others where models are known.

    What is left out with all of its family is predicted once more with a few of its dataset's records known.

    Under one protocol there may be a single family of datasets, which tells little of what a new one is like. Records
    are left out of what an answer about their dataset under the asked protocol is read from, see
    :mod:`zoograph.training.predictors.evidence_parts`: so it does not hang on a choice among all datasets which
    families there are to learn from. Of very many parts some stand for all.

    Args:
        prior: of the graph.
        graph: whose records are left out.
        protocol: that is asked for.
        among: (D,) bool, datasets whose records are; default: all.
    """
    counts = torch.bincount(prior.records.cells.protocol, minlength=len(Protocol))[: len(Protocol)]
    others = [int(code) for code in (counts >= _LEAST_RECORDS).nonzero() if code != protocol]
    ways = {protocol: LEFT_OUT, **dict.fromkeys(others, (KNOWN, NEW_DATASET))}
    found: dict[int, list[LeftOut]] = {code: [] for code in ways}
    for datasets in _asked_together(prior, graph, protocol):
        asked = datasets if among is None else datasets[among[datasets]]
        if len(asked):
            posterior = Posterior(prior, datasets, protocol, _without_kin(prior, graph, datasets))
            for code, part in _left_out(posterior, graph, ways, asked):
                found[code].append(part)
    return found


def halves(prior: Prior, graph: HeteroData, protocol: int) -> list[Tensor]:
    """Return masks (D,) of two halves of the datasets; a family is in one, with what it is answered together with."""
    family = torch.unique(graph[DATASET].group, return_inverse=True)[1]
    parts = _asked_together(prior, graph, protocol)
    number = torch.arange(int(family.max()) + 1)  # in a single part, every other family
    for place, datasets in enumerate(parts if len(parts) > 1 else []):
        number[family[datasets]] = place
    return [number[family] % 2 == half for half in range(2)]


def _asked_together(prior: Prior, graph: HeteroData, protocol: int) -> list[Tensor]:
    """Return nodes of the datasets with records, by part; first those with records of the asked protocol."""
    cells = prior.records.cells
    if len(prior.records) <= MOST_SINGLE:  # whatever is asked, it is answered from all of them
        return [torch.unique(cells.dataset)]
    parts = parts_of(prior, graph)
    every, own = (torch.unique(parts[nodes]) for nodes in (cells.dataset, cells.dataset[cells.protocol == protocol]))
    chosen = torch.cat([evenly(own, _MOST_PARTS), evenly(every[~torch.isin(every, own)], _MOST_OTHER_PARTS)])
    return [(parts == part).nonzero().flatten() for part in chosen]


def _without_kin(prior: Prior, graph: HeteroData, datasets: Tensor) -> Records:
    """Return what was measured, but for what families of ``datasets`` have in other parts: it may be in any mean."""
    family, nodes = graph[DATASET].group, prior.records.cells.dataset
    kin = torch.isin(family, family[datasets]).index_fill(0, datasets, False)
    return prior.records.at(~kin[nodes]) if kin[nodes].any() else prior.records


def _left_out(
    posterior: Posterior, graph: HeteroData, ways: Mapping[int, Iterable[int]], among: Tensor
) -> Iterator[tuple[int, LeftOut]]:
    """Yield each block of records on the datasets ``among`` with its protocol; ``ways``: situations by protocol."""
    asked = [
        (code, situation, block)
        for code, situations in ways.items()
        for situation, blocks in blocks_of(posterior, graph, code, situations, among).items()
        for block in blocks
        if len(block[1]) and len(block[0]) < len(posterior.alpha)
    ]
    answers = posterior.left_out([block for *_, block in asked])
    for (code, situation, (block, inside)), (mean, covariance) in zip(asked, answers, strict=True):
        rows = block[inside]
        cells = posterior.records.cells.at(rows)
        noise = posterior.noise(mean, cells, graph[DATASET].sample_size[cells.dataset].double())
        chance, family = posterior.prior.features.chance[cells.dataset], graph[DATASET].group[cells.dataset]
        logit = posterior.records.logit[rows]
        part = LeftOut(situation, logit, mean, covariance, noise, chance, cells.dataset, family)
        yield code, part
        if situation == NEW_DATASET:
            yield from ((code, few) for few in with_few_known(posterior, graph, part, rows))


def blocks_of(
    posterior: Posterior,
    graph: HeteroData,
    protocol: int,
    situations: Iterable[int] = LEFT_OUT,
    among: Tensor | None = None,
) -> dict[int, list[Block]]:
    """Return, by situation, places of what is left out together, and which of it is asked for.

    Of the datasets that the posterior is about, records under a protocol are left out at random, a quarter at a time;
    by family of datasets, by model, and by both, each with whatever else was measured of what is left out. A mean over
    far datasets is of one model, with which it goes; it holds nothing of the families.

    Args:
        posterior: about some datasets.
        graph: of these.
        protocol: whose records are asked for.
        situations: which of :data:`LEFT_OUT`.
        among: nodes of the datasets whose records are asked for; default: those that the posterior is about.
    """
    cells, models = posterior.records.cells, posterior.models
    family = torch.full_like(models, -1)
    family[: len(cells.model)] = graph[DATASET].group[cells.dataset]
    asked = torch.zeros(len(models), dtype=torch.bool)
    asked[: len(cells.model)] = (cells.protocol == protocol) & torch.isin(
        cells.dataset, posterior.datasets if among is None else among
    )
    places = asked.nonzero().flatten()

    def block(hidden: Tensor, wanted: Tensor) -> Block:
        rows = hidden.nonzero().flatten()
        return rows, wanted[rows].nonzero().flatten()

    shuffled = places[torch.randperm(len(places), generator=torch.Generator().manual_seed(_SEED))]

    def quarters() -> list[Block]:
        return [block(torch.isin(torch.arange(len(asked)), part), asked) for part in shuffled.chunk(_NUM_PARTS)]

    def families() -> list[Block]:
        return [block(family == k, asked) for k in torch.unique(family[places])]

    def by_model() -> list[Block]:
        return [block(models == k, asked) for k in torch.unique(models[places])]

    def both() -> list[Block]:
        every = posterior.prior.records.cells.protocol
        share = len(places) / max(1, int((every == protocol).sum()))
        return [
            block((family == family[i]) | (models == models[i]), torch.arange(len(asked)) == i)
            for i in shuffled[: math.ceil(_BOTH_NEW_SAMPLES * share)].tolist()
        ]

    ways = dict(zip(LEFT_OUT, (quarters, families, by_model, both), strict=True))
    return {code: ways[code]() for code in situations}
