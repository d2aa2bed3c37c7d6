"""The noise ceiling: what an oracle reaches on measurements with noise."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.folds import Fold
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.models.method import INTERVAL_SIGMAS, Prediction
from zoograph.training.evaluation.kept_answers import Answered
from zoograph.training.evaluation.metrics import MIN_CELLS, Evaluation, evaluate


def noise_ceiling(
    truth: Tensor, sample_size: Tensor, asked: Tensor | None = None, seed: int = 0, min_cells: int = MIN_CELLS
) -> Evaluation:
    r"""Judge an oracle: what a method would score that knew every accuracy without its noise.

    Measured accuracies are drawn as :math:`\mathrm{Binomial}(n, a) / n`, independently; the oracle answers
    :math:`a \pm 1.6449 \sqrt{a (1 - a) / n}`, clipped. One draw; summarise over seeds for its spread.

    Args:
        truth: (M, D) estimate of the noiseless accuracies, in [0, 1]. It needs to be a smooth one: measured
            accuracies carry noise already, spread more than the truth, and would put the ceiling too high.
        sample_size: (M, D), or (D,) if models share it: images that an accuracy is measured on, 1 or more.
        asked: (M, D) bool, cells that count; default: all.
        seed: of the noise.
        min_cells: see :func:`evaluate`.

    Raises:
        ValueError: if an asked accuracy is outside [0, 1], or its sample size is below 1 or not known.
    """
    models, datasets = (torch.ones(truth.shape) if asked is None else asked).nonzero(as_tuple=True)
    accuracy = truth[models, datasets].double()
    size = sample_size.expand(truth.shape)[models, datasets].double().round()
    if not ((accuracy >= 0) & (accuracy <= 1)).all() or not (size >= 1).all():
        raise ValueError("A noise ceiling needs accuracies in [0, 1] and sample sizes of 1 or more.")
    drawn = np.random.default_rng(seed).binomial(size.long().numpy(), accuracy.numpy())
    half_width = INTERVAL_SIGMAS * (accuracy * (1 - accuracy) / size).sqrt()
    oracle = Prediction(accuracy, (accuracy - half_width).clamp(0, 1), (accuracy + half_width).clamp(0, 1))
    return evaluate(oracle, torch.from_numpy(drawn) / size, torch.stack([models, datasets]), min_cells=min_cells)


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
