"""A graph and datasets that it does not know yet: their nodes are added, and nothing else is made again."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.edges import add_reverse
from zoograph.graphs.facts import codes
from zoograph.graphs.nodes import TextLookup, number_groups
from zoograph.graphs.plain_graph import PlainGraph, Store
from zoograph.graphs.schema import DATASET, FORWARD_EDGE_TYPES, HAS, LABEL, MEASURED_OTHERWISE


def is_new(zoo: Zoo, card: DatasetCard) -> bool:
    """Return whether no card of a zoo speaks of a dataset: it is not there, and no model was trained on it."""
    return card.id not in zoo.datasets and not any(card.id in model.trained_on for model in zoo.models.values())


def with_new_datasets(graph: PlainGraph, zoo: Zoo, cards: Sequence[DatasetCard], text: TextLookup) -> PlainGraph:
    """Return what :func:`zoograph.graphs.builder.build_graph` makes of a zoo and these datasets, in less time.

    The new nodes come first. They get no ``related_to`` edges: of these an answer
    reads measured relations alone, and a new dataset has none.

    Args:
        graph: of ``zoo``, a plain one.
        zoo: cards and records.
        cards: of datasets that are new to it, see :func:`is_new`.
        text: looks up text embeddings of what the cards say.
    """
    none = (frame[:0] for frame in (zoo.runs, zoo.scores, zoo.relations, zoo.influences))
    alone = Zoo({}, {card.id: card for card in cards}, *none)
    new = build_graph(alone, text, Protocol(graph.protocol), Metric(graph.metric), graph.vocabulary, plain=True)
    result, every = graph.copy(), [*cards, *zoo.datasets.values()]
    _join(result[DATASET], new[DATASET], graph[DATASET])
    result[DATASET].group = number_groups(card.family or card.id for card in every)
    result[DATASET].domain = codes(card.domain for card in every)
    for kind in (*FORWARD_EDGE_TYPES, MEASURED_OTHERWISE):
        if kind in graph.edge_types:
            later = torch.tensor([[len(cards) * (end == DATASET)] for end in (kind[0], kind[2])])
            result[kind].edge_index = graph[kind].edge_index + later
    known = {name: node for node, name in enumerate(graph[LABEL].ids)}
    unknown = [node for node, name in enumerate(new[LABEL].ids) if name not in known]
    _join(result[LABEL], graph[LABEL], _at(new[LABEL], unknown))
    known |= {new[LABEL].ids[node]: len(known) + place for place, node in enumerate(unknown)}
    dataset, label = new[HAS].edge_index
    label = torch.tensor([known[name] for name in new[LABEL].ids], dtype=torch.long)[label]
    result[HAS].edge_index = torch.cat([torch.stack([dataset, label]), result[HAS].edge_index], 1)
    for kind in FORWARD_EDGE_TYPES:
        add_reverse(result, kind)
    return result


def _at(store: Store, rows: list[int]) -> Store:
    """Return some of the nodes of a store."""
    values = {name: value[rows] for name, value in store.items() if isinstance(value, Tensor)}
    return Store({**values, "num_nodes": len(rows), "ids": [store.ids[row] for row in rows]})


def _join(result: Store, first: Store, then: Store) -> None:
    """Have the nodes of two stores in one, those of ``first`` before the others."""
    for name, value in first.items():
        if isinstance(value, Tensor):
            result[name] = torch.cat([value, then[name]])
        else:
            result[name] = value + then[name]
