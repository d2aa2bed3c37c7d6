"""Questions: a fold that also says which runs under other protocols go, and the graph that is left."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.records.records import Protocol
from zoograph.graphs.edges import add_reverse
from zoograph.graphs.folds import Fold, make_split
from zoograph.graphs.schema import MEASURED_OTHERWISE, SCORED_ON, TRANSFERS_TO, EdgeType, reverse
from zoograph.graphs.splits import Split, is_edge
from zoograph.training.evaluation.collections.catalogue import CollectionGraph


@dataclass(frozen=True, eq=False, kw_only=True)
class Question(Fold):
    """A fold of a collection.

    Attributes:
        hidden: (E',) bool over the graph's edges of other protocols: those that are taken out as well. All others
            stay, those of pairs that are asked too: what is known of them is what the question says.
        unscored: (E'',) bool over the graph's scored pairs, those whose scores are taken out; None for none.
    """

    hidden: Tensor
    unscored: Tensor | None = None


def ask(graph: HeteroData, question: Question) -> Split:
    """Return the graph that a question leaves, its pairs, and the labels of their edges."""
    split = make_split(graph, question)
    train = _with_edges(split.train, graph, MEASURED_OTHERWISE, ~question.hidden)
    if question.unscored is not None:
        train = _with_edges(train, graph, SCORED_ON, ~question.unscored)
    return split._replace(train=train)


def number_of_evidence(graph: HeteroData) -> int:
    """Return E', how many edges of other protocols a graph has."""
    return graph[MEASURED_OTHERWISE].num_edges if MEASURED_OTHERWISE in graph.edge_types else 0


def _with_edges(train: HeteroData, graph: HeteroData, kind: EdgeType, kept: Tensor) -> HeteroData:
    """Return a copy of ``train`` whose edges of a kind are the ``kept`` ones of ``graph``."""
    if kind not in graph.edge_types:
        return train
    result = copy.copy(train)
    backward = reverse(kind)
    for direction in (kind, backward):
        if direction in result.edge_types:
            del result[direction]
    for key, value in graph[kind].items():
        taken = isinstance(value, Tensor)
        result[kind][key] = (value[:, kept] if key == "edge_index" else value[kept]) if taken else value
    if backward in graph.edge_types:
        add_reverse(result, kind)
    return result


def nothing(graph: HeteroData) -> Tensor:
    """Return (E',) bool: no edge of another protocol."""
    return torch.zeros(number_of_evidence(graph), dtype=torch.bool)


def whole_collection(part: CollectionGraph) -> Question:
    """Return the question that leaves nothing of what the collection measured, under any protocol."""
    return Question(part.name, part.measured, part.own, torch.zeros_like(part.own), hidden=part.evidence)


def leave_out(
    part: CollectionGraph,
    name: str,
    models: Tensor | None,
    datasets: Tensor | None,
    keep: Tensor | None = None,
) -> Question:
    """Return the question of new models, new datasets, or the cells where they cross.

    Of what other protocols measured of a new node nothing is left but what was measured of a pair that is kept.

    Args:
        part: the collection, whose cells are asked.
        name: of the question.
        models: (num models,) bool; None for no new ones.
        datasets: (num datasets,) bool, likewise.
        keep: (E,) bool, cells that stay known; default: none.
    """
    graph = part.graph
    edges = graph[TRANSFERS_TO].edge_index
    given = [(new, side) for side, new in enumerate((models, datasets)) if new is not None]
    new_ends = torch.stack([new[edges[side]] for new, side in given])
    held_out, asked = new_ends.any(0), new_ends.all(0)
    if keep is not None:
        held_out, asked = held_out & ~keep, asked & ~keep
    hidden = torch.zeros(number_of_evidence(graph), dtype=torch.bool)
    if len(hidden):
        pairs = graph[MEASURED_OTHERWISE].edge_index
        hidden = torch.stack([new[pairs[side]] for new, side in given]).any(0)
        hidden &= graph[MEASURED_OTHERWISE].protocol < len(Protocol)  # a score is known of whatever it is computed of
        if keep is not None:
            hidden &= ~is_edge(edges[:, keep], pairs)
    asked = asked & part.own
    return Question(name, held_out, asked, torch.zeros_like(asked), hidden=hidden)
