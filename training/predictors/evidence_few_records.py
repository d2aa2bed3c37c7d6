"""A dataset that is left out with all of its family, once a few of its records are known again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zoograph.graphs.schema import DATASET
from zoograph.models.conformal import FEW_RECORDS
from zoograph.models.evidence.cells import Records
from zoograph.models.evidence.posterior import Posterior
from zoograph.models.evidence.spread import spreads
from zoograph.training.predictors.evidence_contrasts import scaled_contrasts
from zoograph.training.predictors.left_out import LeftOut

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

_KNOWN = (1, 3, 9)
_SEED = 0


def with_few_known(
    posterior: Posterior, known: Records, graph: HeteroData, part: LeftOut, rows: Tensor
) -> Iterator[LeftOut]:
    """Yield the records of one dataset of a family that was left out, predicted with 1, 3 and 9 of them known.

    Of the family's datasets it is the one with most records. What the others of the family measured stays hidden.

    Args:
        posterior: that the family was left out of.
        known: the records that it was conditioned on a choice of.
        graph: of these.
        part: the family's records under a protocol, as if none of the family had been measured.
        rows: (k,) their places among those of ``posterior``.
    """
    nodes, counts = torch.unique(part.dataset, return_counts=True)
    own = (part.dataset == nodes[counts.argmax()]).nonzero().flatten()
    own = own[torch.randperm(len(own), generator=torch.Generator().manual_seed(_SEED))]
    family = graph[DATASET].group
    elsewhere = family[known.cells.dataset] != family[part.dataset[own[0]]]
    for number in _KNOWN:
        if number < len(own):
            few, rest = own[:number], own[number:]
            yield _conditioned(posterior, known, elsewhere, part, rows, few, rest)


def _conditioned(
    posterior: Posterior, known: Records, elsewhere: Tensor, part: LeftOut, rows: Tensor, few: Tensor, rest: Tensor
) -> LeftOut:
    """Return the ``rest`` of a dataset's records as they are predicted with ``few`` of them, places in ``part``.

    How far models lie apart there is told by all of its records where a family is left out in closed form, and by few,
    or by none, where no more are known: what is predicted of the differences between models is scaled to that.
    """
    records, kernel = posterior.records, posterior.prior.kernel
    cells = records.cells.at(rows[few])
    dataset, protocol = cells.dataset[0], cells.protocol[0]
    again = (known.cells.dataset == dataset) & (known.cells.protocol == protocol)
    again &= torch.isin(known.cells.model, cells.model)
    unit = posterior.spread[dataset, protocol]
    told = spreads(known.at(elsewhere | again), len(posterior.spread))[dataset, protocol]
    both = torch.cat([few, rest])
    factor = (told / unit).expand(len(both))
    centre = part.mean[both].mean()
    mean = centre + factor * (part.mean[both] - centre)
    covariance = scaled_contrasts(part.covariance[both][:, both], factor)
    k = len(few)
    noise = kernel.run_noise(records.variance[rows[few]], told.expand(k))
    gain = torch.linalg.solve(covariance[:k, :k] + noise.diag(), covariance[:k, k:]).t()
    return LeftOut(
        FEW_RECORDS,
        part.logit[rest],
        mean[k:] + gain @ (part.logit[few] - mean[:k]),
        covariance[k:, k:] - gain @ covariance[:k, k:],
        part.noise[rest] + kernel.value("noise.run") * (told.square() - unit.square()),
        part.chance[rest],
        part.dataset[rest],
        part.family[rest],
    )
