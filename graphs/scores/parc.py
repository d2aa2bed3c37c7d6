"""PARC: rank correlation between distances of features and of labels, over pairs of samples."""

from __future__ import annotations

import torch
from torch import Tensor

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.spec import score
from zoograph.graphs.scores.undefined import UndefinedScore

_EXACT_PAIRS = 2**22
_BLOCK_CELLS = 2**23
_NUM_BINS = 2**24


@score("PARC", "Bolya et al., Scalable Diverse Model Selection for Accessible Transfer Learning, NeurIPS 2021")
def parc(inputs: ScoreInputs) -> float:
    r"""Return the pairwise annotation representation comparison.

    Bolya, Mittapalli, Hoffman: "Scalable Diverse Model Selection for Accessible Transfer Learning", NeurIPS 2021:
    100 times the Spearman correlation, over the N (N - 1) / 2 pairs of samples, of two dissimilarities,
    one minus the Pearson correlation of the standardised features and the same of the one-hot labels.

    The second takes exactly two values (one for pairs of one class), so the coefficient follows from the ranks of the
    first alone, with average ranks for ties. Implementations that compute it in floating point split these ties by
    rounding and are off by up to 5 %. Features are compared in all their dimensions, as the authors' code does by
    default; their table reduces them to 32 principal components first, which fails for smaller inputs.

    Distances are distinguished at a resolution of 1e-12, or 1.2e-7 (that of float32) beyond 4 million pairs, where
    they are counted in bins and never stored: the memory is that of the features and of 0.3 GB.

    Args:
        features: (N, D) features, D at least 2.
        labels: (N,) integer classes.

    Returns:
        PARC in [-100, 100], higher is better.

    Raises:
        ValueError: if shapes do not fit together.
        UndefinedScore: if there is one class, no class has two samples, a sample's standardised features do not vary
            over the dimensions, or all pairs are equally far apart.
    """
    if int(inputs.counts.max()) < 2:
        raise UndefinedScore("no class has two samples")
    units = _unit_rows(inputs.moments.centred)
    pairs = inputs.num_samples * (inputs.num_samples - 1) // 2
    if pairs <= _EXACT_PAIRS:
        total, same = _count_exactly(units, inputs.targets)
    else:
        total, same = _count_in_bins(units, inputs.targets)
    return 100 * _spearman(total.double(), same.double())


def _unit_rows(centred: Tensor) -> Tensor:
    """Return (N, D) rows whose products are the Pearson correlations of samples, from centred columns."""
    spread = centred.square().mean(dim=0).sqrt()
    rows = centred / torch.where(spread > 0, spread, 1.0)
    lengths = rows.norm(dim=1, keepdim=True)
    rows -= rows.mean(dim=1, keepdim=True)
    norms = rows.norm(dim=1, keepdim=True)
    if not bool((norms > 1e-9 * lengths).all()):
        raise UndefinedScore("the standardised features of a sample do not vary over the dimensions")
    return rows.div_(norms)


def _count_exactly(units: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return how many pairs, and how many of one class, have each distinct distance, in ascending order."""
    i, j = torch.triu_indices(len(units), len(units), offset=1, device=units.device)
    distances = (1 - (units @ units.T)[i, j]).round(decimals=12)
    _, bins = distances.unique(return_inverse=True)
    return torch.bincount(bins), torch.bincount(bins[targets[i] == targets[j]], minlength=int(bins.max()) + 1)


def _count_in_bins(units: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the same counts for the bins, out of 2 ** 24 over [0, 2], that hold a pair; a block of rows at a time."""
    total = torch.zeros(_NUM_BINS + 1, dtype=torch.int64, device=units.device)  # the last one is for no pair
    same, waiting = torch.zeros_like(total), [total[:0]]
    step = max(1, _BLOCK_CELLS // len(units))
    buffer = units.new_empty(step * len(units))  # one for all blocks: a heap of them fragments
    for start in range(0, len(units), step):
        rows = units[start : start + step]
        products = buffer[: len(rows) * (len(units) - start)].view(len(rows), -1)
        torch.mm(rows, units[start:].T, out=products)  # columns before were rows of earlier blocks
        products.mul_(-_NUM_BINS / 2).add_(_NUM_BINS / 2).round_().clamp_(0, _NUM_BINS - 1)
        products[:, : len(rows)].masked_fill_(products.new_ones(len(rows), len(rows)).tril().bool(), _NUM_BINS)
        bins = products.long()
        total += torch.bincount(bins.flatten(), minlength=len(total))
        waiting.append(bins[targets[start : start + step, None] == targets[start:]])
        if sum(map(len, waiting)) > _BLOCK_CELLS or start + step >= len(units):
            same += torch.bincount(torch.cat(waiting), minlength=len(total))
            waiting = [total[:0]]
    held = total[:-1].nonzero()[:, 0]
    return total[held], same[held]


def _spearman(total: Tensor, same: Tensor) -> float:
    """Return the rank correlation of nearness with being of one class, from the counts of ascending distances."""
    pairs, pairs_same = total.sum(), same.sum()
    ranks = total.cumsum(dim=0) - (total - 1) / 2 - (pairs + 1) / 2  # average ranks, centred
    covariance = -(same * ranks).sum() / pairs
    spread = ((total * ranks.square()).sum() / pairs * pairs_same * (pairs - pairs_same)).sqrt() / pairs
    if not bool(spread > 0):
        raise UndefinedScore("all pairs of samples are equally far apart")
    return float((covariance / spread).clamp(-1, 1))
