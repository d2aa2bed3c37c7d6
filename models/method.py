"""The interface of every method, network and baseline: fit on a graph, predict pairs with intervals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple, Self

from torch import Tensor

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

COVERAGE = 0.9
# Half the width of a Gaussian's interval of that coverage, in standard deviations: 1.6449.
INTERVAL_SIGMAS = NormalDist().inv_cdf((1 + COVERAGE) / 2)


class Prediction(NamedTuple):
    """Predicted accuracies of n pairs.

    Attributes:
        mean: (n,) expected accuracy in [0, 1].
        lower: (n,) lower end of the 90 % interval.
        upper: (n,) upper end.
    """

    mean: Tensor
    lower: Tensor
    upper: Tensor


class Method(ABC):
    """Learns from the measured accuracies of a graph and predicts the others.

    Attributes:
        conditions: whether ``predict`` reads the records of the graph that it is given, so that one fit serves graphs
            with more or fewer of them; a method that does not has to be fitted anew.
    """

    conditions: bool = False

    @abstractmethod
    def fit(self, graph: HeteroData) -> Self:
        """Learn from every ``transfers_to`` edge of ``graph``.

        Raises:
            ValueError: if the graph holds too few measured accuracies to learn from.
        """

    @abstractmethod
    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """Predict the accuracies of ``pairs``.

        Args:
            pairs: (2, n) model and dataset nodes.
            graph: what the nodes are nodes of; default: the graph that was fitted. It may hold models and
                datasets that were not there then; they are known by their cards alone.
        """
