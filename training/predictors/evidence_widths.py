"""Half-widths of intervals: quantiles of the errors on records that are left out, by what is new of a pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zoograph.graphs.schema import DATASET
from zoograph.models.conformal import calibrate
from zoograph.models.evidence.posterior import Posterior, Prior

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

Block = tuple[Tensor, Tensor]
_BOTH_NEW_SAMPLES = 150
_NUM_PARTS = 4
_SEED = 0


def calibrated_widths(prior: Prior, graph: HeteroData, protocol: int) -> list[float]:
    """Return the half-width of each situation of :mod:`zoograph.models.conformal`, in standard deviations of the logit.

    Records of the asked protocol are left out at random, a quarter at a time; by family of datasets, by model, and by
    both, each with whatever else was measured of what is left out.
    """
    own = prior.records.cells.protocol == protocol
    posterior = Posterior(prior, torch.unique(prior.records.cells.dataset[own & (prior.records.edge >= 0)]), protocol)
    errors, codes = [], []
    for code, blocks in _blocks(posterior, graph, protocol).items():
        blocks = [block for block in blocks if len(block[1]) and len(block[0]) < len(posterior.alpha)]
        if blocks:
            rows = torch.cat([block[inside] for block, inside in blocks])
            mean, variance = posterior.left_out(blocks)
            cells = posterior.records.cells.at(rows)
            noise = posterior.noise(mean, cells, graph[DATASET].sample_size[cells.dataset].double())
            errors.append((posterior.records.logit[rows] - mean).abs() / (variance + noise).sqrt())
            codes.append(torch.full((len(rows),), code))
    return calibrate(torch.cat(errors), torch.cat(codes))


def _blocks(posterior: Posterior, graph: HeteroData, protocol: int) -> dict[int, list[Block]]:
    """Return, by situation, places of records that are left out together, and which of them are asked for."""
    cells = posterior.records.cells
    family = graph[DATASET].group[cells.dataset]
    asked = (posterior.records.edge >= 0) & (cells.protocol == protocol)
    places = asked.nonzero().flatten()

    def block(hidden: Tensor, wanted: Tensor) -> Block:
        rows = hidden.nonzero().flatten()
        return rows, wanted[rows].nonzero().flatten()

    shuffled = places[torch.randperm(len(places), generator=torch.Generator().manual_seed(_SEED))]
    quarters, chosen = shuffled.chunk(_NUM_PARTS), shuffled[:_BOTH_NEW_SAMPLES]
    both = []
    for i in chosen.tolist():
        hidden = (family == family[i]) | (cells.model == cells.model[i])
        both.append(block(hidden, torch.arange(len(hidden)) == i))
    return {
        0: [block(torch.isin(torch.arange(len(asked)), part), asked) for part in quarters],
        1: [block(family == k, asked) for k in torch.unique(family[places])],
        2: [block(cells.model == k, asked) for k in torch.unique(cells.model[places])],
        3: both,
    }
