"""Cross-fitted ensemble of graph neural networks that read accuracies as edge attributes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Self

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor
from torch.utils.data import IterableDataset
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.graphs.splits import Split, hold_out, is_edge, pair_folds
from zoograph.models.conformal import calibrate, situation
from zoograph.models.method import Method, Prediction
from zoograph.models.networks.gnn import TransferGNN
from zoograph.training.networks.checkpoint import restore_generator
from zoograph.training.networks.episodes import Episode, Episodes
from zoograph.training.networks.member_cache import MemberCache, Part
from zoograph.training.networks.module import NetworkModule
from zoograph.training.networks.noise import measurement_variance
from zoograph.training.networks.readout import embed_sampled, read_sampled, read_whole
from zoograph.training.networks.sampled_episodes import SampledEpisodes, num_batches
from zoograph.training.runtime.threads import one_seeded_thread
from zoograph.training.runtime.trainer import fit_quietly

Progress = Callable[[int, int], None]
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
        max_full_edges: records up to which a graph is read whole; past it, by sampled neighbours.
        batch_size: records that a sampled step asks for.
        num_neighbors: edges of each type into a node in a sampled step, at most, one number a hop.
        min_batches: sampled steps of a member that are enough; whole passes over the records are made until
            there are as many, or
        max_epochs: passes were made, since a small zoo that is passed over too often is learned by heart.
        num_read: edges of each type into a node from which a sampled answer is read, at most.
        max_calibration: held-out records that calibrate sampled answers, at most, for each member.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hidden_channels: int = 48
    num_layers: int = 2
    num_members: int = 4
    num_steps: int = 150
    lr: float = 0.01
    seed: int = 0
    max_full_edges: int = 20_000
    batch_size: int = 4096
    num_neighbors: tuple[int, ...] = (32, 8)
    min_batches: int = 1000
    max_epochs: int = 100
    num_read: int = 128
    max_calibration: int = 20_000


class GraphNetwork(Method):
    """Ensemble of :class:`TransferGNN`, cross-fitted.

    Every record belongs to one fold, by a hash of its pair, and member k trains without fold k, and without all
    records of some dataset families and models. What a member did not see calibrates the intervals; and a
    pair that *was* measured is predicted by the one member that never saw its record, with that record
    hidden, so that prediction and measurement can be held against each other.

    Past ``config.max_full_edges`` records, training and answers read sampled neighbours of a node instead of
    all of them, so that memory grows with the nodes alone.

    Args:
        config: how to train.
        progress: called with (steps done, steps in all).
        cache: keeps members as they are finished, and how far the one is that is trained on sampled neighbours, and
            hands them back to a training that was interrupted.
    """

    def __init__(
        self,
        config: NetworkConfig | None = None,
        progress: Progress | None = None,
        cache: MemberCache | None = None,
    ) -> None:
        self.config = config or NetworkConfig()
        self._progress, self._cache = progress, cache

    def fit(self, graph: HeteroData) -> Self:
        """See :meth:`Method.fit`."""
        store = graph[TRANSFERS_TO]
        if store.num_edges < MINIMUM_RECORDS:
            raise ValueError(
                f"The network needs {MINIMUM_RECORDS} measured accuracies or more (got {store.num_edges})."
            )
        self.graph = graph
        self._members: list[TransferGNN] = []
        folds = pair_folds(graph, store.edge_index, self.config.num_members)
        newcomers = draw_newcomers(graph, self.config.num_members, self.config.seed)
        hidden = [(folds == member) | (newcomers == member) for member in range(self.config.num_members)]
        sampled = self._samples(graph)
        tick = self._ticker(sum(self._num_steps(int((~part).sum()), sampled) for part in hidden))
        held: list[_HeldOut] = []
        for member, part in enumerate(hidden):
            split = hold_out(graph, part)
            network = self._train(split.train, member, sampled, tick)
            held.append(self._residuals(network, split, sampled))
            self._members.append(network)
        self._widths = calibrate(
            torch.cat([part.residuals for part in held]), torch.cat([part.situations for part in held])
        )
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`; the record of a measured pair is not used to predict it."""
        graph = self.graph if graph is None else graph
        if not pairs.shape[1]:  # a variance over nothing warns
            return Prediction(*torch.empty(3, 0))
        means, spreads = self.read(pairs, graph)
        mean = means.mean(0)
        variance = spreads.square().mean(0) + means.var(0, correction=0)
        noise = measurement_variance(graph[DATASET].sample_size[pairs[1]])
        width = self.widths(pairs, graph) * (variance + noise).sqrt()
        return Prediction(mean, (mean - width).clamp(0, 1), (mean + width).clamp(0, 1))

    @torch.no_grad()
    def read(self, pairs: Tensor, graph: HeteroData, visible: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the means and spreads (K, n) of K members.

        A measured pair is read by the one member that never saw its record, with the records of that member's fold
        hidden, and all members are given what it says.

        Args:
            pairs: (2, n) nodes of ``graph``.
            graph: as built.
            visible: (E,) records that may be read; default: all.
        """
        records = graph[TRANSFERS_TO].edge_index
        visible = torch.ones(records.shape[1], dtype=torch.bool) if visible is None else visible
        sampled, num_members = self._samples(graph), len(self._members)
        measured = is_edge(records, pairs)
        asked = torch.full((pairs.shape[1],), -1)
        asked[measured] = pair_folds(graph, pairs[:, measured], num_members)
        folds = pair_folds(graph, records, num_members)
        means, spreads = (torch.empty(num_members, pairs.shape[1]) for _ in range(2))
        for member, network in enumerate(self._members):
            own = asked == member
            if own.any():
                hidden = visible & (folds != member)
                means[:, own], spreads[:, own] = self._read(network, graph, hidden, pairs[:, own], sampled)
            if not measured.all():
                answer = self._read(network, graph, visible, pairs[:, ~measured], sampled)
                means[member, ~measured], spreads[member, ~measured] = answer
        return means, spreads

    def embed(self, graph: HeteroData) -> list[dict[str, Tensor]]:
        """Return each member's embeddings (N, hidden_channels) of the nodes of ``graph``, by type; all records seen."""
        visible = torch.ones(graph[TRANSFERS_TO].num_edges, dtype=torch.bool)
        config = self.config
        return [embed_sampled(network, graph, visible, config.num_read, config.seed) for network in self._members]

    def widths(self, pairs: Tensor, graph: HeteroData) -> Tensor:
        """Return (n,) half-widths of the intervals of ``pairs``, in standard deviations."""
        return torch.tensor(self._widths)[situation(graph, pairs)]

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what was learned: tensors, and plain values."""
        values = {"config": self.config.model_dump(mode="json"), "widths": self._widths}
        return dict(torch.nn.ModuleList(self._members).state_dict()), values

    @classmethod
    def from_state(cls, tensors: dict[str, Tensor], values: dict[str, Any], graph: HeteroData) -> Self:
        """Return the networks that were fitted, with the records of ``graph`` to read."""
        self = cls(NetworkConfig.model_validate(values["config"]))
        self.graph, self._widths = graph, [float(width) for width in values["widths"]]
        shape = self.config.hidden_channels, self.config.num_layers
        with one_seeded_thread(self.config.seed):
            self._members = [TransferGNN(graph, *shape) for _ in range(self.config.num_members)]
        torch.nn.ModuleList(self._members).eval().load_state_dict(tensors)
        return self

    def _samples(self, graph: HeteroData) -> bool:
        return bool(graph[TRANSFERS_TO].num_edges > self.config.max_full_edges)

    def _num_epochs(self, num_records: int) -> int:
        enough = math.ceil(self.config.min_batches / num_batches(num_records, self.config.batch_size))
        return min(enough, self.config.max_epochs)

    def _num_steps(self, num_records: int, sampled: bool) -> int:
        if not sampled:
            return self.config.num_steps
        return self._num_epochs(num_records) * num_batches(num_records, self.config.batch_size)

    def _ticker(self, total: int) -> Callable[[], None]:
        done = itertools.count(1)
        progress = self._progress
        return lambda: progress(next(done), total) if progress is not None else None

    def _train(self, graph: HeteroData, member: int, sampled: bool, tick: Callable[[], None]) -> TransferGNN:
        config, cache = self.config, self._cache
        seed = config.seed * 1000 + member
        num_steps = self._num_steps(graph[TRANSFERS_TO].num_edges, sampled)
        finished, part = (None, None) if cache is None else (cache.load(member), cache.load_part(member))
        with one_seeded_thread(seed):
            shape = config.hidden_channels, config.num_layers
            module = NetworkModule(graph, *shape, config.lr, num_steps, part if finished is None else None)
            if finished is None:
                episodes: Episodes | SampledEpisodes = (
                    self._sampled_episodes(module, graph, member, part)
                    if sampled
                    else Episodes(graph, config.num_steps, seed)
                )
                _tick_over(num_steps - len(episodes), tick)
                fit_quietly(module, _Ticked(episodes, tick), gradient_clip=1.0)
                if cache is not None:
                    cache.save(member, module.network.state_dict())
            else:
                _tick_over(num_steps, tick)
                module.network.load_state_dict(finished)
        return module.network.eval()

    def _sampled_episodes(
        self, module: NetworkModule, graph: HeteroData, member: int, part: Part | None
    ) -> SampledEpisodes:
        """Return the episodes of a member, from the pass on that ``part`` says; each further pass is kept."""
        config, cache = self.config, self._cache

        def keep(epoch: int, generator: Tensor) -> None:
            if cache is not None:
                cache.save_part(member, module.checkpoint(epoch, generator))

        return SampledEpisodes(
            graph,
            config.batch_size,
            config.num_neighbors,
            self._num_epochs(graph[TRANSFERS_TO].num_edges),
            config.seed * 1000 + member,
            0 if part is None else part.about["epoch"],
            None if part is None else restore_generator(part),
            keep,
        )

    def _read(
        self, network: TransferGNN, graph: HeteroData, visible: Tensor, pairs: Tensor, sampled: bool
    ) -> tuple[Tensor, Tensor]:
        if sampled:
            return read_sampled(network, graph, visible, pairs, self.config.num_read, self.config.seed)
        return read_whole(network, graph, visible, pairs)

    def _residuals(self, network: TransferGNN, split: Split, sampled: bool) -> _HeldOut:
        """Return normalised errors on cells that ``network`` never saw."""
        train, pairs, target = split
        if sampled:
            generator = torch.Generator().manual_seed(self.config.seed)
            some = torch.randperm(len(target), generator=generator)[: self.config.max_calibration]
            pairs, target = pairs[:, some], target[some]
        everything = torch.ones(train[TRANSFERS_TO].num_edges, dtype=torch.bool)
        mean, spread = self._read(network, train, everything, pairs, sampled)
        noise = measurement_variance(train[DATASET].sample_size[pairs[1]])
        return _HeldOut((target - mean).abs() / (spread.square() + noise).sqrt(), situation(train, pairs))


def _tick_over(num_steps: int, tick: Callable[[], None]) -> None:
    """Tell of steps that an earlier training made."""
    for _ in range(num_steps):
        tick()


class _Ticked(IterableDataset[Episode]):
    """Steps of training that tell when each is drawn."""

    def __init__(self, episodes: Episodes | SampledEpisodes, tick: Callable[[], None]) -> None:
        self._episodes, self._tick = episodes, tick

    def __len__(self) -> int:
        return len(self._episodes)

    def __iter__(self) -> Iterator[Episode]:
        for episode in self._episodes:
            self._tick()
            yield episode


class _HeldOut(NamedTuple):
    residuals: Tensor
    situations: Tensor


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
