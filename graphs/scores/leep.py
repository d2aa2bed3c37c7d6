"""LEEP: log-likelihood of the target classes given the source classes that a model predicts."""

from __future__ import annotations

import torch

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.spec import PROBABILITIES, score
from zoograph.graphs.scores.undefined import UndefinedScore


@score(
    "LEEP",
    "Nguyen et al., LEEP: A New Measure to Evaluate Transferability of Learned Representations, ICML 2020",
    needs=PROBABILITIES,
)
def leep(inputs: ScoreInputs) -> float:
    r"""Return the log expected empirical prediction.

    Nguyen, Hassner, Seeger, Archambeau: "LEEP: A New Measure to Evaluate Transferability of Learned
    Representations", ICML 2020, section 3.

    .. math:: \frac{1}{N} \sum_i \log \sum_z \hat P(y_i \mid z) \, \theta(x_i)_z

    Implementations differ about a source class z without any mass (0 / 0, or a pseudo-count of 1e-10): here it
    contributes nothing, and nothing is added anywhere.

    Args:
        source_probabilities: (N, S) the model's probabilities of its source classes, rows summing to 1.
        labels: (N,) integer classes of the target.

    Returns:
        LEEP in nats, at most 0, higher is better.

    Raises:
        ValueError: if shapes do not fit together or logits are given.
        UndefinedScore: if there is one class, or a sample has no probability at all.
    """
    if inputs.source_probabilities is None:
        raise UndefinedScore("the model's probabilities of its source classes are not known")
    classes = inputs.source_probabilities[inputs.targets.argsort()].split(inputs.counts.tolist())
    joint = torch.stack([theta.sum(dim=0, dtype=torch.float64) for theta in classes])
    mass = joint.sum(dim=0)
    target_given_source = joint / torch.where(mass > 0, mass, 1.0)
    pairs = zip(classes, target_given_source, strict=True)
    expected = torch.cat([theta.double() @ of_source for theta, of_source in pairs])
    if not bool((expected > 0).all()):
        raise UndefinedScore("a sample has no probability of any source class")
    return min(float(expected.log().mean()), 0.0)  # rounding may leave 1e-17 above 0
