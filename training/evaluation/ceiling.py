"""Noise ceiling: what an oracle reaches on measurements with binomial noise."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.folds import Fold
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.models.method import INTERVAL_SIGMAS, Prediction
from zoograph.training.evaluation.kept_answers import Answered


def oracle_answers(
    graph: HeteroData, folds: Iterable[Fold], truth: Tensor, seed: int = 0
) -> tuple[HeteroData, list[Answered]]:
    """Return a graph of simulated measurements, and what an oracle that knows the noiseless truth says of them.

    Args:
        graph: whose pairs are measured anew.
        folds: questions.
        truth: (E,) noiseless accuracy of each of its records.
        seed: of the noise, binomial over each record's sample size; a record of unknown size has none.

    Returns:
        A graph with simulated records, and one answer a fold.
    """
    generator = torch.Generator().manual_seed(seed)
    size = graph[TRANSFERS_TO].sample_size.double()
    known = ~size.isnan()
    drawn = truth.double().clone()
    count = size[known].round()
    drawn[known] = torch.binomial(count, truth[known].double(), generator=generator) / count
    simulated = graph.clone()
    simulated[TRANSFERS_TO].edge_label = drawn.float()
    simulated[DATASET, "rev_transfers_to", MODEL].edge_label = drawn.float()
    half = torch.where(known, INTERVAL_SIGMAS * (truth * (1 - truth) / size).sqrt(), 0.0)
    bounds = torch.stack([truth, truth - half, truth + half]).clamp(0, 1).float()
    return simulated, [
        Answered("noise ceiling (oracle)", fold, Prediction(*bounds[:, fold.asked]), 0.0) for fold in folds
    ]
