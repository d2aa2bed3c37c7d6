"""Posterior of an ensemble given the visible records of a graph, and its leave-out residuals in closed form."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
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


Block = tuple[Tensor, Tensor]
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
        scale, pairs = self.records.scale, self.records.pairs
        errors = [torch.zeros(0, dtype=torch.float64)]
        codes = [torch.zeros(0, dtype=torch.long)]
        for code, blocks in self._blocks(seed).items():
            blocks = [block for block in blocks if len(block[0]) < pairs.shape[1]]
            if blocks:
                rows = torch.cat([block[inside] for block, inside in blocks])
                value = scale.values(self.records.latent[rows], pairs[1, rows])
                mean, deviation = self.left_out(blocks, new_dataset=code in (1, 3))
                errors.append((value - mean).abs() / deviation)
                codes.append(torch.full((len(rows),), code))
        return torch.cat(errors), torch.cat(codes)

    def left_out(self, blocks: list[Block], *, new_dataset: bool) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation (k,) of the accuracies of records as if they had never been measured.

        The scale of the datasets is that of the records that are left, too. Kernels and noise are those that were
        learned from all.

        Args:
            blocks: (block, inside) each: records left out together, and which of them are asked for.
            new_dataset: whether all records of a dataset that is asked for are left out.
        """
        datasets = self.records.pairs[1]
        values = self.records.scale.values(self.records.latent, datasets)
        scales = [self.records.scale.without(values, datasets, block) for block, _ in blocks]
        latent = torch.stack([scale.latent(values, datasets) for scale in scales])
        mean, variance = _pool(two_at_once(lambda posterior: posterior.leave_out(latent, blocks), self.posteriors))
        asked = [datasets[block[inside]] for block, inside in blocks]
        centre, spread = (
            torch.cat([getattr(scale, part)[own] for scale, own in zip(scales, asked, strict=True)])
            for part in ("centre", "spread")
        )
        doubt = torch.cat(
            [torch.full(own.shape, scale.doubt, dtype=mean.dtype) for scale, own in zip(scales, asked, strict=True)]
        )
        doubt = doubt if new_dataset else torch.zeros_like(doubt)
        return mean * spread + centre, (variance * spread.square() + doubt.square()).sqrt()

    def _blocks(self, seed: int) -> dict[int, list[Block]]:
        """Return, by situation, the records that are left out together, and which of them are asked for."""
        pairs, num_records = self.records.pairs, len(self.records.latent)
        family = self.graph[DATASET].group[pairs[1]]
        chosen = torch.randperm(num_records, generator=torch.Generator().manual_seed(seed))[:_BOTH_NEW_SAMPLES]
        both = [((family == family[i]) | (pairs[0] == pairs[0][i])).nonzero().flatten() for i in chosen]
        families = [(family == k).nonzero().flatten() for k in torch.unique(family)]
        models = [(pairs[0] == k).nonzero().flatten() for k in torch.unique(pairs[0])]
        return {
            1: [(block, torch.arange(len(block))) for block in families],
            2: [(block, torch.arange(len(block))) for block in models],
            3: [(block, (block == i).nonzero().flatten()) for block, i in zip(both, chosen, strict=True)],
        }


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


def two_at_once(call: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return ``call`` of each item, in order, each on one thread: matrix algebra lets go of the interpreter."""
    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        return list(pool.map(call, items))


def _pool(parts: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Return mean and variance of the even mixture of members."""
    means, variances = (torch.stack(side) for side in zip(*parts, strict=True))
    return means.mean(0), variances.mean(0) + means.var(0, correction=0)
