"""Training records: the measured accuracies of a graph, and how nodes of another graph map to theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData


@dataclass(frozen=True)
class TrainingRecords:
    """The ``transfers_to`` edges of the graph passed to ``fit``, and nothing else of them.

    Attributes:
        model: (n,) node of each record.
        dataset: (n,) node of each record.
        value: (n,) float64 measured accuracy in [0, 1].
        sample_size: (n,) float64 images each was measured on; NaN where not known.
        model_ids: names of the model nodes.
        dataset_ids: names of the dataset nodes.
    """

    model: Tensor
    dataset: Tensor
    value: Tensor
    sample_size: Tensor
    model_ids: Sequence[str]
    dataset_ids: Sequence[str]

    @classmethod
    def of(cls, graph: HeteroData, minimum: int = 1) -> TrainingRecords:
        """Return the records of ``graph``.

        Raises:
            ValueError: if there are fewer than ``minimum``.
        """
        store = graph[TRANSFERS_TO]
        if store.num_edges < minimum:
            raise ValueError(f"This method needs {minimum} measured accuracies or more (got {store.num_edges}).")
        return cls(
            store.edge_index[0],
            store.edge_index[1],
            store.edge_label.double(),
            store.sample_size.double(),
            list(graph[MODEL].ids),
            list(graph[DATASET].ids),
        )

    def __len__(self) -> int:
        return len(self.value)

    def taken(self, rows: Tensor) -> TrainingRecords:
        """Return the records of ``rows``, a bool mask or positions; the nodes stay."""
        return TrainingRecords(
            self.model[rows],
            self.dataset[rows],
            self.value[rows],
            self.sample_size[rows],
            self.model_ids,
            self.dataset_ids,
        )

    def models_of(self, graph: HeteroData | None, nodes: Tensor) -> Tensor:
        """Return (n,) the fitted model node of each of ``graph``'s model ``nodes``; -1 for a newcomer."""
        return nodes if graph is None else same_names(graph[MODEL].ids, self.model_ids)[nodes]

    def datasets_of(self, graph: HeteroData | None, nodes: Tensor) -> Tensor:
        """Return (n,) the fitted dataset node of each of ``graph``'s dataset ``nodes``; -1 for a newcomer."""
        return nodes if graph is None else same_names(graph[DATASET].ids, self.dataset_ids)[nodes]

    def seen(self, graph: HeteroData | None, datasets: Tensor) -> Tensor:
        """Return (n,) bool, whether each of ``graph``'s ``datasets`` has a record here."""
        measured = torch.bincount(self.dataset, minlength=len(self.dataset_ids)) > 0
        return look_up(measured, self.datasets_of(graph, datasets), False)

    def moved_to(self, graph: HeteroData) -> tuple[TrainingRecords, Tensor]:
        """Return the records whose model and dataset ``graph`` has, and their (2, k) pairs of its nodes."""
        models = same_names(self.model_ids, graph[MODEL].ids)[self.model]
        datasets = same_names(self.dataset_ids, graph[DATASET].ids)[self.dataset]
        pairs = torch.stack([models, datasets])
        held = (pairs >= 0).all(0)
        return self.taken(held), pairs[:, held]


def total(values: Tensor, groups: Tensor, num_groups: int) -> Tensor:
    """Return (num_groups,) the sum of (n,) ``values`` in each group, in float64.

    >>> total(torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0, 2, 2]), 3).tolist()
    [1.0, 0.0, 6.0]
    """
    return torch.zeros(num_groups, dtype=torch.float64).index_add_(0, groups, values.double())


def count(groups: Tensor, num_groups: int) -> Tensor:
    """Return (num_groups,) how many of (n,) ``groups`` are each group, in float64."""
    return torch.bincount(groups, minlength=num_groups).double()


def look_up(table: Tensor, places: Tensor, missing: Tensor | float) -> Tensor:
    """Return (n,) ``table`` at ``places``, and ``missing`` where the place is -1."""
    if not len(table):
        return torch.as_tensor(missing, dtype=table.dtype).expand(len(places))
    missing = torch.as_tensor(missing, dtype=table.dtype)
    return torch.where(places >= 0, table[places.clamp(min=0)], missing)


def same_names(asked: Sequence[str], known: Sequence[str]) -> Tensor:
    """Return (len(asked),) where each name stands in ``known``; -1 if it does not.

    >>> same_names(["b", "c"], ["a", "b"]).tolist()
    [1, -1]
    """
    at = {name: i for i, name in enumerate(known)}
    return torch.tensor([at.get(name, -1) for name in asked], dtype=torch.long)
