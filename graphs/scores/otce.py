"""OTCE and OT-NCE: optimal-transport distance of two tasks, and conditional entropy of the coupled labels."""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.nce import negative_conditional_entropy
from zoograph.graphs.scores.numerics.cloud_transport import Cloud, transport
from zoograph.graphs.scores.spec import SOURCE_TASK, score
from zoograph.graphs.scores.undefined import UndefinedScore


class TaskDistance(NamedTuple):
    """The two parts of OTCE.

    Attributes:
        domain: W, the cost of the optimal transport (squared Euclidean distance), at least 0, lower is better.
        task: H(Y_t | Y_s) in nats under the optimal coupling, in [0, log C], lower is better.
    """

    domain: float
    task: float


@score(
    "OTCE",
    "Tan et al., OTCE: A Transferability Metric for Cross-Domain Cross-Task Representations, CVPR 2021",
    needs=SOURCE_TASK,
)
def otce(inputs: ScoreInputs, *, domain_weight: float = 1.0, task_weight: float = 1.0) -> float:
    """Return minus the weighted sum of domain difference and task difference.

    Tan, Li, Huang: "OTCE: A Transferability Metric for Cross-Domain Cross-Task Representations", CVPR 2021: the optimal
    coupling of source and target samples, with uniform weights and squared Euclidean distances of the features as they
    are, gives W and, through the labels of coupled samples, H(Y_t | Y_s). The paper fits the weights of the two on
    auxiliary tasks of known accuracy; without any, both are 1, and W, which has the features' scale, dominates.
    The paper's coupling is entropic, the authors' code solves the transport exactly, and so does this.

    Samples with the same features are one point of the transport, and their labels share its mass in proportion: the
    result does not depend on the order of samples.

    Args:
        source_features: (M, D) features of the source task under the model.
        source_labels: (M,) their classes.
        features: (N, D) features of the target under the same model.
        labels: (N,) their classes.
        domain_weight: factor of W.
        task_weight: factor of H(Y_t | Y_s).

    Returns:
        At most 0 for weights that are not negative, higher is better.

    Raises:
        ValueError: if shapes do not fit together.
        UndefinedScore: if the target has one class, or distances leave the range of floating-point numbers.
    """
    distance = task_distance(inputs)
    return -(domain_weight * distance.domain + task_weight * distance.task)


@score(
    "OT-NCE",
    "Tan et al., Transferability-Guided Cross-Domain Cross-Task Transfer Learning, TNNLS 2024",
    needs=SOURCE_TASK,
)
def ot_nce(inputs: ScoreInputs) -> float:
    """Return the negative conditional entropy -H(Y_t | Y_s) under the optimal coupling of :func:`otce`.

    Tan, Zhang, Li, Huang, Zhang: "Transferability-Guided Cross-Domain Cross-Task Transfer Learning", TNNLS 2024, as
    F-OTCE; arguments and errors are those of :func:`otce`.

    Returns:
        Nats, in [-log C, 0], higher is better.
    """
    return -task_distance(inputs).task


_DISTANCES: WeakKeyDictionary[ScoreInputs, TaskDistance] = WeakKeyDictionary()


def task_distance(inputs: ScoreInputs) -> TaskDistance:
    """Return both parts of OTCE; the transport of the same inputs is solved once."""
    if inputs not in _DISTANCES:
        _DISTANCES[inputs] = _task_distance(inputs)
    return _DISTANCES[inputs]


def _task_distance(inputs: ScoreInputs) -> TaskDistance:
    if inputs.source_features is None or inputs.source_labels is None:
        raise UndefinedScore("the source task is not known")
    source, of_source = _cloud(inputs.source_features, inputs.source_labels)
    target, of_target = _cloud(inputs.features, inputs.targets)
    plan = transport(source, target)
    joint = of_target[plan.target].T @ (plan.mass[:, None] * of_source[plan.source])
    return TaskDistance(domain=plan.cost, task=-negative_conditional_entropy(joint))


def _cloud(features: Tensor, labels: Tensor) -> tuple[Cloud, Tensor]:
    """Return the distinct features, and for each of them (K, C) the shares of the classes among its samples."""
    points, at = torch.unique(features, dim=0, return_inverse=True)
    _, classes = torch.unique(labels, return_inverse=True)
    table = torch.zeros(len(points), int(classes.max()) + 1, dtype=torch.float64, device=points.device)
    table.index_put_((at, classes), table.new_ones(()), accumulate=True)
    counts = table.sum(dim=1)
    return Cloud(points.double(), counts / len(labels)), table / counts[:, None]
