"""Training of the graph attention network, behind the interface of a method."""

from __future__ import annotations

import copy
from typing import Self

import lightning as L
import torch
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.graphs.splits import Split, hold_out, reveal
from zoograph.models.intervals import Widths, around, dataset_folds, random_folds
from zoograph.models.method import Method, Prediction
from zoograph.models.networks.gat import SkipGAT
from zoograph.models.training_records import TrainingRecords
from zoograph.training.networks.episodes import Episode, Episodes
from zoograph.training.runtime.threads import one_seeded_thread
from zoograph.training.runtime.trainer import CPU, fit_quietly

_MINIMUM_RECORDS = 4
_HELD_OUT = 10


class GATModule(L.LightningModule):  # type: ignore[misc]
    """Trains a :class:`SkipGAT` on episodes by mean squared error.

    Args:
        network: with its scales set.
        lr: peak learning rate of the one-cycle schedule.
        num_steps: length of that schedule.
    """

    def __init__(self, network: SkipGAT, lr: float, num_steps: int) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=["network"])
        self.network = network

    def training_step(self, episode: Episode, _: int) -> Tensor:
        """Return the loss of one episode."""
        return nn.functional.mse_loss(self.network(episode.graph, episode.pairs), episode.target)

    def configure_optimizers(self) -> dict[str, object]:
        """Return AdamW under a one-cycle schedule, stepped every episode."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.hparams.lr, weight_decay=1e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.hparams.lr, total_steps=self.hparams.num_steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class GraphAttention(Method):
    """The paper's graph attention network with skip combination, trained on hidden edges.

    At every step some visible edges are hidden and asked for: unlike in the published code, no accuracy is an
    input to its own prediction. A tenth of the records and a tenth of the datasets are held out of training,
    and intervals hold 90 % of the errors on them; predictions see all records as edges. A newcomer is
    known by its card and has no edges.

    Args:
        hidden_channels: width of the network.
        num_layers: attention layers.
        num_steps: of training.
        lr: peak learning rate.
        seed: of weights and episodes.
        device: where to train; predictions are made on the CPU.
    """

    def __init__(
        self,
        hidden_channels: int = 32,
        num_layers: int = 2,
        num_steps: int = 800,
        lr: float = 0.01,
        seed: int = 0,
        device: torch.device = CPU,
    ) -> None:
        self.hidden_channels, self.num_layers = hidden_channels, num_layers
        self.num_steps, self.lr, self.seed, self.device = num_steps, lr, seed, device

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        num_edges = graph[TRANSFERS_TO].num_edges
        if num_edges < _MINIMUM_RECORDS:
            raise ValueError(f"Graph attention needs {_MINIMUM_RECORDS} measured accuracies or more (got {num_edges}).")
        self._graph = graph
        held = _held_out(graph[TRANSFERS_TO].edge_index[1])
        split = hold_out(graph, held)
        with one_seeded_thread(self.seed):
            network = SkipGAT(split.train, self.hidden_channels, self.num_layers)
            network.fit_scale(split.train)
            module = GATModule(network, self.lr, self.num_steps)
            steps = Episodes(copy.copy(split.train).to(self.device), self.num_steps, self.seed)
            fit_quietly(module, steps, gradient_clip=1.0, device=self.device)
        self._network = network.eval()
        self._widths = self._measure(split)
        return self

    @torch.no_grad()
    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`; visible are the records that were fitted, as edges of ``graph``."""
        graph = self._graph if graph is None else graph
        visible = _everything(self._graph) if graph is self._graph else self._moved(graph)
        mean = self._network(visible, pairs)
        return around(mean, self._widths.at(_has_records(visible, pairs[1])))

    def _moved(self, graph: HeteroData) -> HeteroData:
        """Return ``graph`` with the fitted records, and no others, as visible edges."""
        records, edge_index = TrainingRecords.of(self._graph).moved_to(graph)
        result = copy.copy(graph)
        del result[TRANSFERS_TO]
        result[TRANSFERS_TO].edge_index = edge_index
        result[TRANSFERS_TO].edge_attr = records.value.float().unsqueeze(1)
        return result

    @torch.no_grad()
    def _measure(self, split: Split) -> Widths:
        errors = (split.target - self._network(_everything(split.train), split.pairs)).double()
        seen = _has_records(split.train, split.pairs[1])
        return Widths.of(errors[seen], errors[~seen])


def _held_out(datasets: Tensor) -> Tensor:
    """Return (n,) bool: a tenth of the records, and a tenth of the datasets unless that makes over a half."""
    held = random_folds(len(datasets), _HELD_OUT) == 0
    whole = dataset_folds(datasets, _HELD_OUT)
    if whole and float((held | whole[0]).double().mean()) <= 0.5:
        held = held | whole[0]
    return held


def _everything(graph: HeteroData) -> HeteroData:
    return reveal(graph, torch.ones(graph[TRANSFERS_TO].num_edges, dtype=torch.bool))


def _has_records(graph: HeteroData, datasets: Tensor) -> Tensor:
    """Return (n,) which of the ``datasets`` have a visible record."""
    return torch.bincount(graph[TRANSFERS_TO].edge_index[1], minlength=graph[DATASET].num_nodes)[datasets] > 0
