"""Splits: the only way from records to training and test, and what message passing may see of accuracies."""

from __future__ import annotations

import copy
import zlib
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from zoograph.data.records.records import Protocol
from zoograph.graphs.edges import add_reverse
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, MODEL, TRANSFERS_TO, reverse

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

_PROBE = list(Protocol).index(Protocol.PROBE)


class Split(NamedTuple):
    """A question and its answers.

    Attributes:
        train: the graph without the held-out accuracies.
        pairs: (2, n) model and dataset nodes in question.
        target: (n,) their measured accuracies. Never hand these to a method.
    """

    train: HeteroData
    pairs: Tensor
    target: Tensor


def hold_out(graph: HeteroData, held_out: Tensor, probes_known: bool = False) -> Split:
    """Take measured accuracies out of a graph, with their reverses and what other protocols measured.

    Args:
        graph: as built.
        held_out: (E,) bool over its ``transfers_to`` edges.
        probes_known: see :func:`without_pairs`.
    """
    store = graph[TRANSFERS_TO]
    pairs = store.edge_index[:, held_out].clone()
    return Split(
        without_pairs(graph, pairs, probes_known),
        pairs,
        store.edge_label[held_out].clone(),
    )


def without_pairs(graph: HeteroData, pairs: Tensor, probes_known: bool = False) -> HeteroData:
    """Return a copy in which nothing was measured of the (2, n) ``pairs``, whatever the protocol.

    A model or dataset of these that has no ``transfers_to`` edge left is new: nothing was measured of it otherwise.

    Args:
        graph: as built, or the training part of a split.
        pairs: of models and datasets, measured or not.
        probes_known: whether what probes measured otherwise stays.
    """
    kept = ~is_edge(pairs, graph[TRANSFERS_TO].edge_index)
    return _without_otherwise(with_records(graph, kept), pairs, probes_known)


def keep_records(graph: HeteroData, kept: Tensor) -> HeteroData:
    """Return a copy with only the ``kept`` (E,) measured accuracies, in both directions.

    What other protocols measured goes with the others as :func:`without_pairs` says.
    """
    return _without_otherwise(with_records(graph, kept), graph[TRANSFERS_TO].edge_index[:, ~kept], False)


def with_records(graph: HeteroData, kept: Tensor) -> HeteroData:
    """Return a copy with only the ``kept`` (E,) measured accuracies; what other protocols measured stays.

    For methods that read nothing else, of the edges; see :func:`keep_records` for the others.
    """
    result = _shallow(graph)
    for key, value in graph[TRANSFERS_TO].items():
        result[TRANSFERS_TO][key] = value[:, kept] if key == "edge_index" else value[kept]
    if reverse(TRANSFERS_TO) in graph.edge_types:
        add_reverse(result, TRANSFERS_TO)
    return result


def _without_otherwise(result: HeteroData, gone: Tensor, probes_known: bool) -> HeteroData:
    """Take from ``result``, a copy, what else was measured of the (2, n) pairs that are gone, and of new nodes."""
    if MEASURED_OTHERWISE not in result.edge_types:
        return result
    store = result[MEASURED_OTHERWISE]
    hidden = is_edge(gone, store.edge_index)
    for side, kind in enumerate((MODEL, DATASET)):
        is_new = torch.zeros(result[kind].num_nodes, dtype=torch.bool)
        is_new[gone[side]] = True
        is_new[result[TRANSFERS_TO].edge_index[side]] = False
        hidden |= is_new[store.edge_index[side]]
    if probes_known:
        hidden &= store.protocol != _PROBE
    hidden &= store.protocol < len(Protocol)  # a score is known of whatever it was computed of
    for key, value in store.items():
        store[key] = value[:, ~hidden] if key == "edge_index" else value[~hidden]
    return result


def reveal(graph: HeteroData, visible: Tensor) -> HeteroData:
    """Return the graph that message passing reads: ``visible`` accuracies as edge attributes, no targets.

    Args:
        graph: as built, or the training part of a split.
        visible: (E,) bool over its ``transfers_to`` edges. An edge under supervision must not be visible.

    Returns:
        A copy whose ``transfers_to`` edges are the visible ones, with ``edge_attr`` (E', 1) the accuracy; neither
        direction holds an ``edge_label``. What other protocols measured is not in it.
    """
    result = with_records(graph, visible)
    if MEASURED_OTHERWISE in result.edge_types:
        del result[MEASURED_OTHERWISE]
    store = result[TRANSFERS_TO]
    store.edge_attr = store.edge_label.unsqueeze(-1)
    del store.edge_label
    del result[reverse(TRANSFERS_TO)]
    add_reverse(result, TRANSFERS_TO)
    return result


def _shallow(graph: HeteroData) -> HeteroData:
    result = copy.copy(graph)
    del result[TRANSFERS_TO]
    if reverse(TRANSFERS_TO) in result.edge_types:
        del result[reverse(TRANSFERS_TO)]
    return result


def pair_folds(graph: HeteroData, pairs: Tensor, num_folds: int) -> Tensor:
    """Return (n,) the fold of each pair, by a hash of its names: the same in every graph and every process."""
    if not pairs.numel():
        return torch.zeros(0, dtype=torch.long)
    (models, row), (datasets, column) = (_names_of(graph, *side) for side in zip((MODEL, DATASET), pairs, strict=True))
    begun = [zlib.crc32(model + b"\0") for model in models]
    lengths, length = torch.unique(torch.tensor([len(name) for name in datasets]), return_inverse=True)
    # What comes before a name moves its checksum by what it moves that of as many zeros by, so no pair is hashed.
    zeros = [bytes(size) for size in lengths.tolist()]
    moved = torch.tensor([[zlib.crc32(run, start) ^ zlib.crc32(run) for run in zeros] for start in begun])
    own = torch.tensor([zlib.crc32(name) for name in datasets])
    return (moved[row, length[column]] ^ own[column]) % num_folds


def measured_folds(graph: HeteroData, pairs: Tensor, num_folds: int) -> Tensor:
    """Return (n,) the fold of each measured pair, see :func:`pair_folds`; -1 for one without a record."""
    return torch.where(is_edge(graph[TRANSFERS_TO].edge_index, pairs), pair_folds(graph, pairs, num_folds), -1)


def _names_of(graph: HeteroData, kind: str, nodes: Tensor) -> tuple[list[bytes], Tensor]:
    """Return the names of the nodes (n,) that occur, and (n,) which of them each is."""
    occurring, place = torch.unique(nodes, return_inverse=True)
    return [graph[kind].ids[node].encode() for node in occurring.tolist()], place


def is_edge(edge_index: Tensor, pairs: Tensor) -> Tensor:
    """Return (n,) which of the (2, n) ``pairs`` are among the (2, E) edges."""
    width = int(max(edge_index.max() if edge_index.numel() else 0, pairs.max() if pairs.numel() else 0)) + 1
    return torch.isin(pairs[0] * width + pairs[1], edge_index[0] * width + edge_index[1])
