"""A dataset that is left out with all of its family, once a few of its records are known again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zoograph.graphs.schema import DATASET
from zoograph.models.conformal import FEW_RECORDS
from zoograph.models.evidence.posterior import Posterior
from zoograph.models.evidence.spread import Measured, spreads_of
from zoograph.training.predictors.evidence_contrasts import scaled_contrasts
from zoograph.training.predictors.left_out import LeftOut

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

_KNOWN = (1, 3, 9)
_NUM_DRAWS = 3


def with_few_known(posterior: Posterior, graph: HeteroData, part: LeftOut, rows: Tensor) -> Iterator[LeftOut]:
    """Yield the records of one dataset of a family that was left out, predicted with 1, 3 and 9 of them known.

    Of the family's datasets it is the one with most records. What the others of the family measured stays hidden.
    Which records are known is drawn three times.

    Args:
        posterior: that the family was left out of.
        graph: of its records.
        part: the family's records under a protocol, as if none of the family had been measured.
        rows: (k,) their places among those of ``posterior``.
    """
    nodes, counts = torch.unique(part.dataset, return_counts=True)
    dataset = nodes[counts.argmax()]
    own = (part.dataset == dataset).nonzero().flatten()
    generator = torch.Generator().manual_seed(int(dataset))
    family = graph[DATASET].group == graph[DATASET].group[dataset]
    for _ in range(_NUM_DRAWS):
        order = own[torch.randperm(len(own), generator=generator)]
        for number in _KNOWN:
            if number < len(own):
                told = posterior.measured.with_few(family, posterior.records.at(rows[order[:number]]))
                yield _conditioned(posterior, told, graph, part, rows, order, number)


def _conditioned(
    posterior: Posterior, told: Measured, graph: HeteroData, part: LeftOut, rows: Tensor, own: Tensor, number: int
) -> LeftOut:
    """Return a dataset's records as they are predicted with the first ``number`` of them; ``own``: places in ``part``.

    How far models lie apart there is told by all of its records where a family is left out in closed form, and by few,
    or by none, where no more are known: what is predicted of the differences between models is scaled to that.
    """
    records, kernel = posterior.records, posterior.prior.kernel
    cells = records.cells.at(rows[own])
    dataset, protocol = cells.dataset[0], cells.protocol[0]
    unit, spread = posterior.spread[dataset, protocol], spreads_of(told)[dataset, protocol]
    factor = (spread / unit).expand(len(own))
    bare = part.mean[own] - posterior.lead(cells, records.cells.at(rows))
    mean = bare.mean() + factor * (bare - bare.mean())
    covariance = scaled_contrasts(part.covariance[own][:, own], factor)
    few, rest = slice(number), slice(number, None)
    noise = kernel.run_noise(records.variance[rows[own[few]]], spread.expand(number))
    gain = torch.linalg.solve(covariance[few, few] + noise.diag(), covariance[few, rest]).t()
    unknown = torch.ones(len(rows), dtype=torch.bool).index_fill(0, own[few], False)
    lead = posterior.lead(cells.at(rest), records.cells.at(rows[unknown]))
    mean = mean[rest] + gain @ (part.logit[own[few]] - mean[few]) + factor[rest] * lead
    test_size = graph[DATASET].sample_size[dataset].double().expand(len(mean))
    run = posterior.noise(mean, cells.at(rest), test_size)
    return LeftOut(
        FEW_RECORDS,
        part.logit[own[rest]],
        mean,
        covariance[rest, rest] - gain @ covariance[few, rest],
        run + kernel.value("noise.run") * (spread.square() - unit.square()),
        part.chance[own[rest]],
        part.dataset[own[rest]],
        part.family[own[rest]],
    )
