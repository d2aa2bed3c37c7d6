"""Cross-fitted ensemble of graph neural networks that read accuracies as edge attributes."""

from __future__ import annotations

import copy
from typing import NamedTuple, Self

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.graphs.splits import Split, hold_out, measured_folds, pair_folds, reveal
from zoograph.models.conformal import calibrate, situation
from zoograph.models.method import Method, Prediction
from zoograph.models.networks.gnn import TransferGNN
from zoograph.training.networks.episodes import Episodes
from zoograph.training.networks.module import NetworkModule
from zoograph.training.networks.noise import measurement_variance
from zoograph.training.runtime.threads import one_seeded_thread
from zoograph.training.runtime.trainer import CPU, fit_quietly

MINIMUM_RECORDS = 20


class NetworkConfig(BaseModel):
    """How the networks are trained.

    Attributes:
        hidden_channels: width of a network.
        num_layers: rounds of message passing.
        num_members: random starts that are averaged; each learns without one fold of the records.
        num_steps: of a member's training, each on the whole graph.
        lr: peak learning rate.
        seed: of everything that is drawn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hidden_channels: int = 48
    num_layers: int = 2
    num_members: int = 4
    num_steps: int = 150
    lr: float = 0.01
    seed: int = 0


class GraphNetwork(Method):
    """Ensemble of :class:`TransferGNN`, cross-fitted.

    Every record belongs to one fold, by a hash of its pair, and member k trains without fold k, and without all
    records of some dataset families and models. What a member did not see calibrates the intervals; and a
    pair that *was* measured is predicted by the one member that never saw its record, with that record
    hidden, so that prediction and measurement can be held against each other.

    Args:
        config: how to train.
        device: where to train; predictions are made on the CPU.
    """

    def __init__(self, config: NetworkConfig | None = None, device: torch.device = CPU) -> None:
        self.config, self.device = config or NetworkConfig(), device

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        store = graph[TRANSFERS_TO]
        if store.num_edges < MINIMUM_RECORDS:
            raise ValueError(
                f"The network needs {MINIMUM_RECORDS} measured accuracies or more (got {store.num_edges})."
            )
        self._graph = graph
        self._members: list[TransferGNN] = []
        folds = pair_folds(graph, store.edge_index, self.config.num_members)
        newcomers = draw_newcomers(graph, self.config.num_members, self.config.seed)
        held: list[_HeldOut] = []
        for member in range(self.config.num_members):
            split = hold_out(graph, (folds == member) | (newcomers == member))
            network = self._train(split.train, member)
            held.append(_residuals(network, split))
            self._members.append(network)
        self._widths = calibrate(
            torch.cat([part.residuals for part in held]), torch.cat([part.situations for part in held])
        )
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`; the record of a measured pair is not used to predict it."""
        graph = self._graph if graph is None else graph
        if not pairs.shape[1]:  # a variance over nothing warns
            return Prediction(*torch.empty(3, 0))
        asked = measured_folds(graph, pairs, len(self._members))
        folds = pair_folds(graph, graph[TRANSFERS_TO].edge_index, len(self._members))
        means, spreads = self._read(pairs, graph, asked, folds)
        mean = means.mean(0)
        variance = spreads.square().mean(0) + means.var(0, correction=0)
        noise = measurement_variance(graph[DATASET].sample_size[pairs[1]])
        width = torch.tensor(self._widths)[_situation(pairs, graph, asked, folds)] * (variance + noise).sqrt()
        return Prediction(mean, (mean - width).clamp(0, 1), (mean + width).clamp(0, 1))

    def _read(self, pairs: Tensor, graph: HeteroData, asked: Tensor, folds: Tensor) -> tuple[Tensor, Tensor]:
        """Return the means and spreads (K, n) of K members.

        A measured pair is read by the one member that never saw its record, with the records of that member's fold
        hidden, and all members are given what it says.

        Args:
            pairs: (2, n) nodes.
            graph: with records.
            asked: (n,) folds of the pairs, -1 for those that were not measured.
            folds: (E,) of the records.
        """
        num_members, measured = len(self._members), asked >= 0
        means, spreads = (torch.empty(num_members, pairs.shape[1]) for _ in range(2))
        for member, network in enumerate(self._members):
            own = asked == member
            if own.any():
                means[:, own], spreads[:, own] = _answers(network, graph, folds != member, pairs[:, own])
            if not measured.all():
                answer = _answers(network, graph, torch.ones_like(folds, dtype=torch.bool), pairs[:, ~measured])
                means[member, ~measured], spreads[member, ~measured] = answer
        return means, spreads

    def _train(self, graph: HeteroData, member: int) -> TransferGNN:
        config = self.config
        seed = config.seed * 1000 + member
        with one_seeded_thread(seed):
            module = NetworkModule(graph, config.hidden_channels, config.num_layers, config.lr, config.num_steps)
            steps = Episodes(copy.copy(graph).to(self.device), config.num_steps, seed)
            fit_quietly(module, steps, gradient_clip=1.0, device=self.device)
        return module.network.eval()


class _HeldOut(NamedTuple):
    residuals: Tensor
    situations: Tensor


def _situation(pairs: Tensor, graph: HeteroData, asked: Tensor, folds: Tensor) -> Tensor:
    """Return (n,) what is known of pairs; of a measured one, without the records of its fold."""
    code = situation(graph, pairs)
    for fold in torch.unique(asked[asked >= 0]).tolist():
        code[asked == fold] = situation(graph, pairs[:, asked == fold], folds == fold)
    return code


@torch.no_grad()
def _answers(network: TransferGNN, graph: HeteroData, visible: Tensor, pairs: Tensor) -> tuple[Tensor, Tensor]:
    """Return (n,) means and spreads of ``pairs``, from the ``visible`` (E,) accuracies of a graph."""
    mean, spread = network(reveal(graph, visible), pairs)
    return mean, spread


def _residuals(network: TransferGNN, split: Split) -> _HeldOut:
    """Return normalised errors on cells that ``network`` never saw."""
    train, pairs, target = split
    everything = torch.ones(train[TRANSFERS_TO].num_edges, dtype=torch.bool)
    mean, spread = _answers(network, train, everything, pairs)
    noise = measurement_variance(train[DATASET].sample_size[pairs[1]])
    return _HeldOut((target - mean).abs() / (spread.square() + noise).sqrt(), situation(train, pairs))


def draw_newcomers(graph: HeteroData, num_members: int, seed: int) -> Tensor:
    """Return (E,) the member that does not train on a record because its dataset family or model plays new; -1 if none.

    Each member misses a tenth of the dataset families and of the models, at least one of each.
    """
    generator = torch.Generator().manual_seed(seed)
    source, target = graph[TRANSFERS_TO].edge_index
    missing = torch.full((len(source),), -1)
    for groups in (graph[DATASET].group[target], source):
        present = torch.unique(groups)
        order = present[torch.randperm(len(present), generator=generator)]
        size = max(1, round(0.1 * len(present)))
        if len(present) > 2:
            for member in range(num_members):
                missing[torch.isin(groups, order[member * size : (member + 1) * size])] = member
    return missing
