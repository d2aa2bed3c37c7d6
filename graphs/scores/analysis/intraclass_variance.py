r"""How much the images of a class differ from each other, as a model sees them."""

from __future__ import annotations

import torch
from torch import Tensor

from zoograph.graphs.scores.undefined import UndefinedScore


def intraclass_variance(features: Tensor, labels: Tensor) -> float:
    r"""Return the mean variance within a class, as a part of the variance altogether.

    .. math:: D = \frac1F \sum_f \frac{\frac{1}{N - K} \sum_n (x_{nf} - \bar{x}_{y_n f})^2}
        {\frac{1}{N - 1} \sum_n (x_{nf} - \bar{x}_f)^2}

    for N images of K classes and F features: the variance within classes of features that are standardised over the
    target. Both variances are unbiased, so that it does not hang on the number of images.

    Args:
        features: (N, F), any floating type.
        labels: (N,) integer classes, a class with two images among them.

    Returns:
        The share, 0 or more: 0 if classes are points, about 1 if they tell nothing. A feature that is constant is left
        out.

    Raises:
        UndefinedScore: if no class has two images, if no feature varies, or if a feature is not finite.
        ValueError: if there is not one label for each image.

    >>> intraclass_variance(torch.tensor([[0.0], [2.0], [4.0], [6.0]]), torch.tensor([0, 0, 1, 1]))
    0.3
    """
    if features.ndim != 2 or labels.shape != features.shape[:1]:
        shapes = f"{tuple(features.shape)} and {tuple(labels.shape)}"
        raise ValueError(f"'intraclass_variance' needs a matrix and a label for each row (got {shapes})")
    if not bool(torch.isfinite(features).all()):
        raise UndefinedScore("a feature is not finite")
    _, classes, counts = labels.unique(return_inverse=True, return_counts=True)
    if len(labels) == len(counts):
        raise UndefinedScore("no class has two samples")
    varying = features[:, (features != features[0]).any(0)].double()
    if varying.shape[1] == 0:
        raise UndefinedScore("no feature varies")
    centred = varying - varying.mean(0)
    sums = centred.new_zeros(len(counts), centred.shape[1]).index_add_(0, classes, centred)
    within = (centred - (sums / counts[:, None])[classes]).square().sum(0) / (len(labels) - len(counts))
    return float((within / centred.var(0)).mean())
