"""Builder of the heterogeneous graph: cards become nodes, records become edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch_geometric.data import HeteroData

from zoograph.data.records.records import HINDSIGHT, Metric, Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.data.text.words import label_text, name_text
from zoograph.graphs.edges import add_numbers, add_reverse, add_runs, make_edges, name_by_text
from zoograph.graphs.nodes import TextLookup, add_nodes, code_of, model_numbers, number_groups, read_number
from zoograph.graphs.relations import relation_edges
from zoograph.graphs.schema import (
    DATASET,
    DATASET_NUMBERS,
    FORWARD_EDGE_TYPES,
    HAS,
    INFLUENCES,
    LABEL,
    MODEL,
    PRETRAINED_ON,
    RELATED_TO,
    SCORED_ON,
)

Vocabulary = Mapping[str, Sequence[str]]


def build_graph(
    zoo: Zoo,
    text: TextLookup,
    protocol: Protocol = Protocol.HEAD,
    metric: Metric = Metric.TOP1,
    vocabulary: Vocabulary | None = None,
) -> HeteroData:
    """Build the heterogeneous graph of a zoo, for the runs of one protocol and metric.

    Every node store holds ``ids`` (names, in node order) and

    - ``x_number`` (N, F) with ``x_number_mask`` (N, F): unscaled numbers, 0 where the mask is False;
    - ``x_category`` (N,): code of the family or domain, 0 for an unknown one;
    - ``x_text`` (N, S, T) with ``x_text_mask`` (N, S): one text embedding a slot;
    - ``group`` (N,): nodes of one family share a number; a node without a family stands alone.

    Datasets also hold ``sample_size`` (N,): images altogether, NaN where not known.

    ``transfers_to`` holds ``edge_label`` (measured accuracy in [0, 1], mean over runs), ``num_runs`` and
    ``sample_size`` (images it was measured on; NaN where not known). It holds no ``edge_attr``: what message
    passing may see of a measured accuracy is decided by :func:`zoograph.graphs.splits.reveal`.
    ``scored_on``, ``related_to`` and ``influences`` hold ``edge_attr`` (E, F) with ``edge_attr_mask`` (E, F) and
    ``names``.

    Args:
        zoo: cards and records.
        text: looks up text embeddings: n strings -> (n, T) float32.
        protocol: whose runs become ``transfers_to`` edges.
        metric: likewise.
        vocabulary: known families and domains by node type, scores, relations and influences by edge verb; what it
            does not list is left out. Default: all in ``zoo``. Scores of
            :data:`zoograph.data.records.records.HINDSIGHT` never enter.

    Returns:
        A validated graph.
    """
    models, datasets = list(zoo.models.values()), list(zoo.datasets.values())
    labels = sorted({label_text(label) for card in datasets for label in card.labels})
    vocabulary = {
        MODEL: sorted({card.family for card in models if card.family}),
        DATASET: sorted({card.domain for card in datasets if card.domain}),
        SCORED_ON[1]: sorted(zoo.scores["name"].unique()),
        RELATED_TO[1]: sorted(zoo.relations["name"].unique()),
        # A vocabulary of before there were influences knows none.
        INFLUENCES[1]: sorted(zoo.influences["name"].unique()) if vocabulary is None else [],
        **(vocabulary or {}),
    }
    foreseen = [name for name in vocabulary[SCORED_ON[1]] if name not in HINDSIGHT]
    vocabulary = {**vocabulary, SCORED_ON[1]: foreseen}
    zoo = zoo.with_names(*(vocabulary[kind[1]] for kind in (SCORED_ON, RELATED_TO, INFLUENCES)))

    graph = HeteroData()
    graph.vocabulary = {kind: list(words) for kind, words in vocabulary.items()}
    graph.protocol, graph.metric = protocol.value, metric.value
    add_nodes(
        graph,
        MODEL,
        [card.id for card in models],
        [model_numbers(card, zoo.datasets) for card in models],
        [code_of(vocabulary[MODEL], card.family) for card in models],
        [[name_text(card.id), card.family] for card in models],
        text,
    )
    add_nodes(
        graph,
        DATASET,
        [card.id for card in datasets],
        [[read_number(card, name) for name in DATASET_NUMBERS] for card in datasets],
        [code_of(vocabulary[DATASET], card.domain) for card in datasets],
        [[name_text(card.id), card.domain] for card in datasets],
        text,
    )
    add_nodes(graph, LABEL, labels, [[] for _ in labels], [0 for _ in labels], [[label] for label in labels], text)

    graph[MODEL].group = number_groups(card.family or card.id for card in models)
    graph[DATASET].group = number_groups(card.family or card.id for card in datasets)
    graph[DATASET].sample_size = torch.tensor([float(card.num_samples or "nan") for card in datasets])

    model_at = {card.id: i for i, card in enumerate(models)}
    dataset_at = {card.id: i for i, card in enumerate(datasets)}
    label_at = {label: i for i, label in enumerate(labels)}
    add_runs(graph, zoo, model_at, dataset_at)
    add_numbers(graph, SCORED_ON, zoo.scores, model_at, dataset_at)
    add_numbers(graph, INFLUENCES, name_by_text(zoo.influences), label_at, dataset_at)
    graph[PRETRAINED_ON].edge_index = make_edges(
        (model_at[card.id], dataset_at[card.pretrained_on]) for card in models if card.pretrained_on in dataset_at
    )
    graph[HAS].edge_index = make_edges(
        (dataset_at[card.id], label_at[label_text(label)]) for card in datasets for label in card.labels
    )
    edge_index, attributes, mask, names = relation_edges(
        zoo, graph.vocabulary[RELATED_TO[1]], dataset_at, graph[LABEL].x_text[:, 0], label_at
    )
    graph[RELATED_TO].edge_index = edge_index
    graph[RELATED_TO].edge_attr, graph[RELATED_TO].edge_attr_mask = attributes, mask
    graph[RELATED_TO].names = names

    for edge_type in FORWARD_EDGE_TYPES:
        add_reverse(graph, edge_type)
    graph.validate()
    return graph
