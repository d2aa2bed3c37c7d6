"""The project's predictor: an ensemble of graph neural networks with conformal intervals."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Self

import lightning as L
import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor
from torch.utils.data import DataLoader
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.graphs.splits import Split, hold_out, is_edge, pair_folds, reveal
from zoograph.models.gnn import TransferGNN
from zoograph.models.method import Method, Prediction
from zoograph.training.calibration import calibrate, situation
from zoograph.training.episodes import Episodes
from zoograph.training.module import TransferModule
from zoograph.training.noise import measurement_variance

Progress = Callable[[int, int], None]
MINIMUM_RECORDS = 20


class TrainingConfig(BaseModel):
    """How the predictor is trained; one configuration serves every zoo."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hidden_channels: int = 48
    num_layers: int = 2
    num_members: int = 4
    num_steps: int = 150
    lr: float = 0.01
    seed: int = 0


class GraphPredictor(Method):
    """Ensemble of :class:`TransferGNN`, cross-fitted.

    Every record belongs to one fold, by a hash of its pair, and member k trains without fold k, and without all
    records of some dataset families and models. What a member did not see calibrates the intervals; and a
    pair that *was* measured is predicted by the one member that never saw its record, with that record
    hidden, so that prediction and measurement can be held against each other.

    Args:
        config: how to train.
        progress: called with (steps done, steps in all).
    """

    def __init__(self, config: TrainingConfig | None = None, progress: Progress | None = None) -> None:
        self.config = config or TrainingConfig()
        self._progress = progress

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        store = graph[TRANSFERS_TO]
        if store.num_edges < MINIMUM_RECORDS:
            raise ValueError(
                f"The predictor needs {MINIMUM_RECORDS} measured accuracies or more (got {store.num_edges})."
            )
        self._graph = graph
        self._members = torch.nn.ModuleList()
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

    @torch.no_grad()
    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`; the record of a measured pair is not used to predict it."""
        graph = self._graph if graph is None else graph
        records = graph[TRANSFERS_TO].edge_index
        everything = reveal(graph, torch.ones(records.shape[1], dtype=torch.bool))
        means, spreads = (
            torch.stack(part) for part in zip(*(net(everything, pairs) for net in self._members), strict=True)
        )
        mean = means.mean(0)
        variance = spreads.square().mean(0) + means.var(0, correction=0)

        num_members = len(self._members)
        asked = torch.where(is_edge(records, pairs), pair_folds(graph, pairs, num_members), -1)
        folds = pair_folds(graph, records, num_members)
        for member, network in enumerate(self._members):
            own = asked == member
            if own.any():
                mean[own], spread = network(reveal(graph, folds != member), pairs[:, own])
                variance[own] = spread.square()

        noise = measurement_variance(graph[DATASET].sample_size[pairs[1]])
        width = torch.tensor(self._widths)[situation(graph, pairs)] * (variance + noise).sqrt()
        return Prediction(mean, (mean - width).clamp(0, 1), (mean + width).clamp(0, 1))

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what was learned: tensors, and plain values."""
        return dict(self._members.state_dict()), {"config": self.config.model_dump(), "widths": self._widths}

    @classmethod
    def from_state(cls, tensors: dict[str, Tensor], values: dict[str, Any], graph: HeteroData) -> Self:
        """Return the predictor that was fitted, on ``graph``."""
        self = cls(TrainingConfig.model_validate(values["config"]))
        self._graph, self._widths = graph, [float(width) for width in values["widths"]]
        self._members = torch.nn.ModuleList(
            TransferGNN(graph, self.config.hidden_channels, self.config.num_layers)
            for _ in range(self.config.num_members)
        )
        self._members.load_state_dict(tensors)
        self._members.eval()
        return self

    def _train(self, graph: HeteroData, member: int) -> TransferGNN:
        config = self.config
        seed = config.seed * 1000 + member
        with torch.random.fork_rng(devices=[]), one_thread():
            torch.manual_seed(seed)
            module = TransferModule(
                graph, config.hidden_channels, config.num_layers, config.lr, config.num_steps
            )
            episodes = Episodes(graph, config.num_steps, seed)
            done, total = member * config.num_steps, config.num_members * config.num_steps
            _fit_quietly(module, episodes, _Ticker(self._progress, done, total))
        return module.network.eval()


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: on matrices this small more of them only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _HeldOut(NamedTuple):
    residuals: Tensor
    situations: Tensor


@torch.no_grad()
def _residuals(network: TransferGNN, split: Split) -> _HeldOut:
    """Return normalised errors on cells that ``network`` never saw."""
    train, pairs, target = split
    mean, spread = network(reveal(train, torch.ones(train[TRANSFERS_TO].num_edges, dtype=torch.bool)), pairs)
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
        present = groups.unique()
        order = present[torch.randperm(len(present), generator=generator)]
        size = max(1, round(0.1 * len(present)))
        if len(present) > 2:
            for member in range(num_members):
                missing[torch.isin(groups, order[member * size : (member + 1) * size])] = member
    return missing


class _Ticker(L.Callback):  # type: ignore[misc]
    def __init__(self, progress: Progress | None, done: int, total: int) -> None:
        self._progress, self._done, self._total = progress, done, total

    def on_train_batch_end(self, *_: object) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)


def _fit_quietly(module: TransferModule, episodes: Episodes, ticker: _Ticker) -> None:
    """Run Lightning without its banners: who trains says so in its own words."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"lightning\..*")
        warnings.filterwarnings("ignore", message=".*num_workers.*")
        trainer = L.Trainer(
            max_epochs=1,
            accelerator="auto",
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            gradient_clip_val=1.0,
            callbacks=[ticker],
        )
        trainer.fit(module, DataLoader(episodes, batch_size=None))
    module.cpu()
