"""k-NN: leave-one-out accuracy of the nearest neighbours in feature space."""

from __future__ import annotations

import torch

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.spec import score
from zoograph.graphs.scores.undefined import UndefinedScore

_BLOCK_CELLS = 2**22
_RESOLUTION = 1e-9


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
    numbers = torch.arange(len(points), device=points.device)
    blocks = numbers.split(max(1, _BLOCK_CELLS // len(points)))
    buffer = points.new_empty(len(blocks[0]), len(points))
    correct = 0.0
    for block in blocks:
        distances = buffer[: len(block)]
        torch.addmm(norms, points[block], points.T, alpha=-2, out=distances)  # less the sample's own norm
        distances[numbers[: len(block)], block] = torch.inf
        farthest = distances.topk(k, dim=1, largest=False).values[:, -1:]
        row, neighbour = (distances <= farthest + slack).nonzero(as_tuple=True)
        votes = torch.zeros(len(block), inputs.num_classes, dtype=torch.int64, device=points.device)
        votes.index_put_((row, targets[neighbour]), votes.new_ones(()), accumulate=True)
        winners = votes == votes.amax(dim=1, keepdim=True)
        right = winners[numbers[: len(block)], targets[block]]
        correct += float((right / winners.sum(dim=1)).sum(dtype=torch.float64))
    return correct / inputs.num_samples
