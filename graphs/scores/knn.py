"""k-NN: leave-one-out accuracy of the nearest neighbours in feature space."""

from __future__ import annotations

import torch
from torch import Tensor

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.spec import score
from zoograph.graphs.scores.undefined import UndefinedScore

_BLOCK_CELLS = 2**22
_RESOLUTION = 1e-9
_PAIRS = 2**12  # a block of their products fits a cache


@score("1-NN", "Bolya et al., Scalable Diverse Model Selection for Accessible Transfer Learning, NeurIPS 2021")
def knn(inputs: ScoreInputs, *, k: int = 1) -> float:
    """Return the leave-one-out accuracy of the k nearest neighbours by Euclidean distance.

    A baseline of Bolya, Mittapalli, Hoffman: "Scalable Diverse Model Selection for Accessible Transfer Learning",
    NeurIPS 2021, there with k = 1 and k = 5. Every sample is classified by the majority of its k nearest others. Ties
    count as if they were broken at random: all samples as near as the k-th vote (distances within 1e-9 of the largest
    feature norm are the same), and a right class that shares the majority with m - 1 others is worth 1 / m.

    Args:
        features: (N, D) features.
        labels: (N,) integer classes.
        k: neighbours that vote, at least 1.

    Returns:
        Accuracy in [0, 1], higher is better.

    Raises:
        ValueError: if shapes do not fit together or k is not positive.
        UndefinedScore: if there is one class, or fewer than k + 1 samples.
    """
    if k < 1:
        raise ValueError(f"k must be positive (got {k})")
    if inputs.num_samples <= k:
        raise UndefinedScore(f"{inputs.num_samples} samples, {k + 1} are the least for {k} neighbours")
    points, targets = inputs.moments.centred, inputs.targets
    norms = points.square().sum(dim=1)
    slack = _RESOLUTION * norms.amax()
    # Products in float32 are off by so much at most: what may be among the nearest is looked at again in float64.
    doubt = 2 * inputs.num_features * torch.finfo(torch.float32).eps * norms.amax()
    rough, rough_norms = points.float(), norms.float()
    numbers = torch.arange(len(points), device=points.device)
    blocks = numbers.split(max(1, _BLOCK_CELLS // len(points)))
    buffer = rough.new_empty(len(blocks[0]), len(points))
    correct = 0.0
    for block in blocks:
        distances = buffer[: len(block)]
        torch.addmm(rough_norms, rough[block], rough.T, alpha=-2, out=distances)  # less the sample's own norm
        distances[numbers[: len(block)], block] = torch.inf
        nearest = distances.topk(k, dim=1, largest=False).values[:, -1:]
        row, neighbour = (distances <= nearest + doubt).nonzero(as_tuple=True)
        row, neighbour = _within_reach(points, norms, block, row, neighbour, k, slack)
        votes = torch.zeros(len(block), inputs.num_classes, dtype=torch.int64, device=points.device)
        votes.index_put_((row, targets[neighbour]), votes.new_ones(()), accumulate=True)
        winners = votes == votes.amax(dim=1, keepdim=True)
        right = winners[numbers[: len(block)], targets[block]]
        correct += float((right / winners.sum(dim=1)).sum(dtype=torch.float64))
    return correct / inputs.num_samples


def _within_reach(
    points: Tensor, norms: Tensor, block: Tensor, row: Tensor, neighbour: Tensor, k: int, slack: Tensor
) -> tuple[Tensor, Tensor]:
    """Return those (row, neighbour) of some candidates that are as near as the k-th of their row."""
    pairs = zip(row.split(_PAIRS), neighbour.split(_PAIRS), strict=True)
    products = torch.cat([(points[block[i]] * points[j]).sum(dim=1) for i, j in pairs])
    counts = torch.bincount(row, minlength=len(block))
    place = torch.arange(len(row), device=row.device) - (counts.cumsum(0) - counts)[row]
    table = points.new_full((len(block), int(counts.max())), torch.inf)
    table[row, place] = norms[neighbour] - 2 * products
    near = table <= table.topk(k, dim=1, largest=False).values[:, -1:] + slack
    kept = near[row, place]
    return row[kept], neighbour[kept]
