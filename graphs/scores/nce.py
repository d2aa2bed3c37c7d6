"""NCE: negative conditional entropy of the target classes given the most probable source classes."""

from __future__ import annotations

import torch
from torch import Tensor

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.spec import PROBABILITIES, score
from zoograph.graphs.scores.undefined import UndefinedScore


@score(
    "NCE",
    "Tran et al., Transferability and Hardness of Supervised Classification Tasks, ICCV 2019",
    needs=PROBABILITIES,
)
def nce(inputs: ScoreInputs) -> float:
    r"""Return the negative conditional entropy of the target classes given the source classes.

    Tran, Nguyen, Hassner: "Transferability and Hardness of Supervised Classification Tasks", ICCV 2019,
    with the most probable source class of an image as its source label (the first one if several are).

    .. math:: -H(Y \mid Z) = \sum_{y, z} \hat P(y, z) \log \frac{\hat P(y, z)}{\hat P(z)}

    with 0 log 0 = 0. Some implementations add 1e-5 to every cell of the joint, which is C S 1e-5 of mass that no
    sample has; nothing is added here.

    Args:
        source_probabilities: (N, S) the model's probabilities of its source classes.
        labels: (N,) integer classes of the target.

    Returns:
        NCE in nats, in [-log C, 0], higher is better.

    Raises:
        ValueError: if shapes do not fit together or logits are given.
        UndefinedScore: if there is one class.
    """
    if inputs.source_probabilities is None:
        raise UndefinedScore("the model's probabilities of its source classes are not known")
    num_source = inputs.source_probabilities.shape[1]
    cells = inputs.targets * num_source + inputs.source_probabilities.argmax(dim=1)
    counts = torch.bincount(cells, minlength=inputs.num_classes * num_source)
    return negative_conditional_entropy(counts.reshape(inputs.num_classes, num_source).double())


def negative_conditional_entropy(joint: Tensor) -> float:
    """Return -H(row | column) in nats of a (C, S) table of masses, whatever they sum to."""
    cells = torch.special.xlogy(joint, joint).sum()
    columns = torch.special.xlogy(joint.sum(dim=0), joint.sum(dim=0)).sum()
    return min(float((cells - columns) / joint.sum()), 0.0)  # rounding may leave 1e-17 above 0
