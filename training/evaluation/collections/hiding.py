"""Questions: a fold that also says which runs under other protocols go, and the graph that is left."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.edges import add_reverse
from zoograph.graphs.folds import Fold, make_split
from zoograph.graphs.schema import MEASURED_OTHERWISE, reverse
from zoograph.graphs.splits import Split


@dataclass(frozen=True, eq=False, kw_only=True)
class Question(Fold):
    """A fold of a collection.

    Attributes:
        hidden: (E',) bool over the graph's edges of other protocols: those that are taken out as well. All others
            stay, those of pairs that are asked too: what is known of them is what the question says.
    """

    hidden: Tensor


def ask(graph: HeteroData, question: Question) -> Split:
    """Return the graph that a question leaves, its pairs, and the labels of their edges."""
    split = make_split(graph, question)
    return split._replace(train=_with_evidence(split.train, graph, ~question.hidden))


def number_of_evidence(graph: HeteroData) -> int:
    """Return E', how many edges of other protocols a graph has."""
    return graph[MEASURED_OTHERWISE].num_edges if MEASURED_OTHERWISE in graph.edge_types else 0


def _with_evidence(train: HeteroData, graph: HeteroData, kept: Tensor) -> HeteroData:
    """Return a copy of ``train`` whose edges of other protocols are the ``kept`` ones of ``graph``."""
    if MEASURED_OTHERWISE not in graph.edge_types:
        return train
    result = copy.copy(train)
    backward = reverse(MEASURED_OTHERWISE)
    for kind in (MEASURED_OTHERWISE, backward):
        if kind in result.edge_types:
            del result[kind]
    for key, value in graph[MEASURED_OTHERWISE].items():
        taken = isinstance(value, Tensor)
        result[MEASURED_OTHERWISE][key] = (value[:, kept] if key == "edge_index" else value[kept]) if taken else value
    if backward in graph.edge_types:
        add_reverse(result, MEASURED_OTHERWISE)
    return result


def nothing(graph: HeteroData) -> Tensor:
    """Return (E',) bool: no edge of another protocol."""
    return torch.zeros(number_of_evidence(graph), dtype=torch.bool)
