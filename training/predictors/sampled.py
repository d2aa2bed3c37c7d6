"""Sampled predictor: graph networks on sampled neighbours, for zoos too large for exact Gaussian processes."""

from __future__ import annotations

from typing import Any, Self

from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.models.method import Method, Prediction
from zoograph.training.networks.ensemble import GraphNetwork, NetworkConfig
from zoograph.training.networks.member_cache import MemberCache
from zoograph.training.predictors.joint import JointPrediction
from zoograph.training.predictors.sampled_readout import predict_jointly, record_effects, similarities
from zoograph.training.runtime.progress import Progress
from zoograph.training.runtime.threads import one_thread

LARGE = NetworkConfig(num_members=2, max_full_edges=0)
SAMPLED = "sampled-network"


class SampledPredictor(Method):
    """Graph networks trained on mini-batches of sampled neighbours, with conformal intervals.

    What :class:`zoograph.training.predictors.exact.ExactPredictor` is to thousands of records, this is to millions:
    time grows with the records, once a pass over them takes enough steps, and memory with the nodes. A
    measured pair is predicted by the member that never saw its record, with that record hidden.

    Args:
        config: how to train.
        progress: called with (steps done, steps in all).
        cache: keeps members, and how far the one is that is trained, and hands them back to a training that was
            interrupted.
    """

    def __init__(
        self,
        config: NetworkConfig | None = None,
        progress: Progress | None = None,
        cache: MemberCache | None = None,
    ) -> None:
        self._network = GraphNetwork(config or LARGE, progress, cache)

    @one_thread()
    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        self._network.fit(graph)
        return self

    @one_thread()
    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`; the record of a measured pair is not used to predict it."""
        return self._network.predict(pairs, graph)

    @one_thread()
    def joint(self, models: Tensor, datasets: Tensor, graph: HeteroData | None = None) -> JointPrediction:
        """Return what is expected of ``models`` (k,) on the mean over ``datasets`` (t,), from every record.

        See :func:`zoograph.training.predictors.sampled_readout.predict_jointly`.
        """
        return predict_jointly(self._network, self._network.graph if graph is None else graph, models, datasets)

    @one_thread()
    def similarities(self, model: int, datasets: Tensor) -> tuple[Tensor, Tensor]:
        """Return how like ``model`` each model is (M,), and how like ``datasets`` (t,) each dataset (D,); in [0, 1]."""
        return similarities(self._network, self._network.graph, model, datasets)

    @one_thread()
    def record_effects(self, model: int, datasets: Tensor) -> tuple[Tensor, Tensor]:
        """Return pairs (2, R), and (R,) points by which the record of each moves the accuracy of ``model``.

        See :func:`zoograph.training.predictors.sampled_readout.record_effects`.
        """
        return record_effects(self._network, self._network.graph, model, datasets)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what was learned: tensors, and plain values."""
        tensors, values = self._network.state()
        return tensors, {**values, "method": SAMPLED}

    @classmethod
    def from_state(cls, tensors: dict[str, Tensor], values: dict[str, Any], graph: HeteroData) -> Self:
        """Return the predictor that was fitted, with the records of ``graph`` to read."""
        self = cls()
        self._network = GraphNetwork.from_state(tensors, values, graph)
        return self
