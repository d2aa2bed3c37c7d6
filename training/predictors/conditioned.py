"""A member conditioned on the records that it may see, and its out-of-fold residuals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.graphs.splits import pair_folds
from zoograph.models.gp.inference import Posterior
from zoograph.training.predictors.deep_member import DeepGP
from zoograph.training.predictors.plain_member import PlainGP
from zoograph.training.predictors.records import Noise, Records

Member = DeepGP | PlainGP


Item = TypeVar("Item")


Result = TypeVar("Result")


_BOTH_NEW_SAMPLES = 100


class Conditioned(NamedTuple):
    """Members that were conditioned on the visible records of a graph."""

    graph: HeteroData
    records: Records
    posteriors: list[Posterior]
    noises: list[Noise]

    @classmethod
    def on(cls, graph: HeteroData, members: list[Member], visible: Tensor | None = None) -> Conditioned:
        """Return the members conditioned on the ``visible`` (E,) records of ``graph``; default: all."""
        records = Records.of(graph, visible)
        conditioned = two_at_once(lambda member: member.condition(graph, records), members)
        posteriors, noises = zip(*conditioned, strict=True)
        return cls(graph, records, list(posteriors), list(noises))

    def predict(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and variance (n,) of the accuracy of one run of each pair, noise included."""
        m, d = pairs
        everything = pairs.shape[1] * len(self.records.latent) > 50_000_000

        def answer(number: int) -> tuple[Tensor, Tensor]:
            posterior, noise = self.posteriors[number], self.noises[number]
            if everything:
                mean, variance = (table[m, d] for table in posterior.predict_all())
            else:
                mean, variance = posterior.predict(pairs)
            return mean, variance + noise.of(pairs)

        mean, variance = _pool(two_at_once(answer, range(len(self.posteriors))))
        scale = self.records.scale
        known = torch.zeros(self.graph[DATASET].num_nodes, dtype=torch.bool)
        known[self.records.pairs[1]] = True
        ranked, spread = scale.informative[d], scale.spread[d]
        doubt = torch.where(known[d] | ~ranked, 0.0, scale.doubt)
        variance = torch.where(ranked, variance, 1.0) * spread.square() + doubt**2
        return torch.where(ranked, mean, 0.0) * spread + scale.centre[d], variance

    def residuals(self, seed: int) -> tuple[Tensor, Tensor]:
        """Return absolute errors over their predicted spread, and the situation each record was in.

        Dataset families and models are left out whole, in closed form.
        """
        pairs, latent, scale = self.records.pairs, self.records.latent, self.records.scale
        groups = self.graph[DATASET].group
        family = groups[pairs[1]]
        chosen = torch.randperm(len(latent), generator=torch.Generator().manual_seed(seed))[:_BOTH_NEW_SAMPLES]
        both = [((family == family[i]) | (pairs[0] == pairs[0][i])).nonzero().flatten() for i in chosen]
        families = [(family == k).nonzero().flatten() for k in torch.unique(family)]
        models = [(pairs[0] == k).nonzero().flatten() for k in torch.unique(pairs[0])]
        blocks = {
            1: [(block, torch.arange(len(block))) for block in families],
            2: [(block, torch.arange(len(block))) for block in models],
            3: [(block, (block == i).nonzero().flatten()) for block, i in zip(both, chosen, strict=True)],
        }
        own = (scale.centre[pairs[1]], scale.spread[pairs[1]])
        others = scale.left_out(pairs[1], groups)
        values = latent * own[1] + own[0]
        errors, codes = [], []
        for code, parts in blocks.items():
            parts = [part for part in parts if len(part[0]) < len(latent)]
            if not parts:
                continue
            rows = torch.cat([block[inside] for block, inside in parts])
            leave_out = partial(_leave_out, latent=latent, blocks=parts)
            pooled = _pool(two_at_once(leave_out, self.posteriors))
            new_dataset = code in (1, 3)
            centre, spread = (part[rows] for part in (others if new_dataset else own))
            deviation = (pooled[1] * spread.square() + (scale.doubt**2 if new_dataset else 0.0)).sqrt()
            errors.append((values[rows] - pooled[0] * spread - centre).abs() / deviation)
            codes.append(torch.full((len(rows),), code))
        if not errors:
            return torch.zeros(0, dtype=latent.dtype), torch.zeros(0, dtype=torch.long)
        return torch.cat(errors), torch.cat(codes)


def out_of_fold_residuals(graph: HeteroData, honest: list[Conditioned]) -> Tensor:
    """Return absolute errors over their predicted spread, of records that neither learning nor conditioning saw."""
    store = graph[TRANSFERS_TO]
    folds = pair_folds(graph, store.edge_index, len(honest))
    errors = []
    for number, conditioned in enumerate(honest):
        own = (folds == number) & conditioned.records.scale.informative[store.edge_index[1]]
        mean, variance = conditioned.predict(store.edge_index[:, own])
        errors.append((store.edge_label[own] - mean).abs() / variance.sqrt())
    return torch.cat(errors)


def _leave_out(posterior: Posterior, latent: Tensor, blocks: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    return posterior.leave_out(latent, blocks)


def two_at_once(call: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return ``call`` of each item, in order, each on one thread: matrix algebra lets go of the interpreter."""
    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        return list(pool.map(call, items))


def _pool(parts: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Return mean and variance of the even mixture of members."""
    means, variances = (torch.stack(side) for side in zip(*parts, strict=True))
    return means.mean(0), variances.mean(0) + means.var(0, correction=0)
