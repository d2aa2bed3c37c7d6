"""The one way from a zoo to a graph: cards become nodes, records become edges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import log

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.cards import Card, DatasetCard, ModelCard
from zoograph.data.records import HINDSIGHT, Metric, Protocol
from zoograph.data.snapshot import Zoo
from zoograph.data.text import label_text, name_text
from zoograph.graphs.relations import relation_edges
from zoograph.graphs.schema import (
    DATASET,
    DATASET_NUMBERS,
    FORWARD_EDGE_TYPES,
    HAS,
    INFLUENCES,
    LABEL,
    MODEL,
    MODEL_NUMBERS,
    PRETRAINED_ON,
    RELATED_TO,
    SCORED_ON,
    TRANSFERS_TO,
    EdgeType,
    reverse,
)

TextLookup = Callable[[Sequence[str]], np.ndarray]
Vocabulary = Mapping[str, Sequence[str]]

# Fractions enter as they are; everything else is a size and enters as its logarithm.
_FRACTIONS = frozenset({"imagenet_top1", "source_accuracy"})


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
            does not list is left out. Default: all in ``zoo``. Scores of :data:`zoograph.data.records.HINDSIGHT`
            never enter.

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
    _add_nodes(
        graph,
        MODEL,
        [card.id for card in models],
        [model_numbers(card, zoo.datasets) for card in models],
        [_code(vocabulary[MODEL], card.family) for card in models],
        [[name_text(card.id), card.family] for card in models],
        text,
    )
    _add_nodes(
        graph,
        DATASET,
        [card.id for card in datasets],
        [[_number(card, name) for name in DATASET_NUMBERS] for card in datasets],
        [_code(vocabulary[DATASET], card.domain) for card in datasets],
        [[name_text(card.id), card.domain] for card in datasets],
        text,
    )
    _add_nodes(graph, LABEL, labels, [[] for _ in labels], [0 for _ in labels], [[label] for label in labels], text)

    graph[MODEL].group = _groups(card.family or card.id for card in models)
    graph[DATASET].group = _groups(card.family or card.id for card in datasets)
    graph[DATASET].sample_size = torch.tensor([float(card.num_samples or "nan") for card in datasets])

    model_at = {card.id: i for i, card in enumerate(models)}
    dataset_at = {card.id: i for i, card in enumerate(datasets)}
    label_at = {label: i for i, label in enumerate(labels)}
    _add_runs(graph, zoo, model_at, dataset_at)
    _add_numbers(graph, SCORED_ON, zoo.scores, model_at, dataset_at)
    _add_numbers(graph, INFLUENCES, _named_by_text(zoo.influences), label_at, dataset_at)
    graph[PRETRAINED_ON].edge_index = _edges(
        (model_at[card.id], dataset_at[card.pretrained_on]) for card in models if card.pretrained_on in dataset_at
    )
    graph[HAS].edge_index = _edges(
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


def add_reverse(graph: HeteroData, edge_type: tuple[str, str, str]) -> None:
    """Give ``graph`` the reverse of its edges of one type, in the same order and with the same attributes."""
    forward, backward = graph[edge_type], graph[reverse(edge_type)]
    for key, value in forward.items():
        backward[key] = value.flip(0) if key == "edge_index" else value


def model_numbers(card: ModelCard, datasets: Mapping[str, DatasetCard]) -> list[float | None]:
    """Return the numbers of ``MODEL_NUMBERS``; sizes are logarithms, ``None`` is not known."""
    corpus = datasets.get(card.pretrained_on or "")
    classes = corpus.num_classes if corpus else None
    known = [_number(card, name) for name in MODEL_NUMBERS[:-1]]
    return [*known, log(classes) if classes else None]


def _number(card: Card, name: str) -> float | None:
    value = getattr(card, name)
    if value is None or name in _FRACTIONS:
        return value
    return log(value)


def _code(words: Sequence[str], word: str | None) -> int:
    return words.index(word) + 1 if word in words else 0


def _add_nodes(
    graph: HeteroData,
    kind: str,
    ids: list[str],
    numbers: list[list[float | None]],
    categories: list[int],
    texts: list[list[str | None]],
    text: TextLookup,
) -> None:
    store = graph[kind]
    store.num_nodes, store.ids = len(ids), ids
    store.x_number, store.x_number_mask = _masked(numbers)
    store.x_category = torch.tensor(categories, dtype=torch.long)
    slots = len(texts[0]) if texts else 1
    flat = [value for row in texts for value in row]
    known = torch.tensor([value is not None for value in flat], dtype=torch.bool)
    found = torch.from_numpy(text([value for value in flat if value is not None]).copy()).float()
    vectors = torch.zeros(len(flat), found.shape[1])
    vectors[known] = found
    store.x_text, store.x_text_mask = vectors.reshape(len(ids), slots, found.shape[1]), known.reshape(len(ids), slots)


def _masked(rows: list[list[float | None]]) -> tuple[Tensor, Tensor]:
    width = len(rows[0]) if rows else 0
    table = torch.tensor(
        [[float("nan") if value is None else value for value in row] for row in rows], dtype=torch.float32
    ).reshape(len(rows), width)
    mask = ~table.isnan()
    return table.nan_to_num(0.0), mask


def _groups(keys: Iterable[str]) -> Tensor:
    number: dict[str, int] = {}
    return torch.tensor([number.setdefault(key, len(number)) for key in keys], dtype=torch.long)


def _edges(pairs: Iterable[tuple[int, int]]) -> Tensor:
    return torch.tensor(list(pairs), dtype=torch.long).reshape(-1, 2).t().contiguous()


def _indexed_edges(table: pd.DataFrame, source_at: Mapping[str, int], target_at: Mapping[str, int]) -> Tensor:
    """Return (2, n) the nodes of rows that are indexed by two names; each name is looked up once."""
    index = table.index
    assert isinstance(index, pd.MultiIndex)
    ends = [
        np.array([at[name] for name in level], np.int64)[codes]
        for at, level, codes in zip((source_at, target_at), index.levels, index.codes, strict=True)
    ]
    return torch.from_numpy(np.stack(ends))


def _add_runs(graph: HeteroData, zoo: Zoo, model_at: Mapping[str, int], dataset_at: Mapping[str, int]) -> None:
    runs = zoo.runs[(zoo.runs["protocol"] == graph.protocol) & (zoo.runs["metric"] == graph.metric)]
    pairs = runs.groupby(["model", "dataset"], sort=True).agg(
        value=("value", "mean"), num_runs=("value", "size"), test_size=("test_size", "mean")
    )
    store = graph[TRANSFERS_TO]
    store.edge_index = _indexed_edges(pairs, model_at, dataset_at)
    store.edge_label = torch.from_numpy(pairs["value"].to_numpy(np.float32).copy())
    store.num_runs = torch.from_numpy(pairs["num_runs"].to_numpy(np.int64).copy())
    measured_on = torch.from_numpy(pairs["test_size"].to_numpy(np.float32, na_value=np.nan).copy())
    store.sample_size = torch.where(measured_on.isnan(), graph[DATASET].sample_size[store.edge_index[1]], measured_on)


def _add_numbers(
    graph: HeteroData,
    edge_type: EdgeType,
    rows: pd.DataFrame,
    source_at: Mapping[str, int],
    target_at: Mapping[str, int],
) -> None:
    """Add edges into datasets with a column for each name; a number is standardised within its dataset.

    So the ranking of the sources alone speaks: of a model's scores, or of the classes that help.
    """
    names = graph.vocabulary[edge_type[1]]
    ends = [edge_type[0], "dataset"]
    table = rows.pivot_table(index=ends, columns="name", values="value", aggfunc="mean")
    grouped = table.groupby(level="dataset")
    spread = grouped.transform("std").fillna(0.0)
    table = ((table - grouped.transform("mean")) / spread.where(spread > 0, 1.0)).reindex(columns=names)
    store = graph[edge_type]
    store.edge_index = _indexed_edges(table, source_at, target_at)
    values = torch.from_numpy(table.to_numpy(np.float32).copy()).reshape(len(table), len(names))
    store.edge_attr_mask = ~values.isnan()
    store.edge_attr = values.nan_to_num(0.0)
    store.names = names


def _named_by_text(influences: pd.DataFrame) -> pd.DataFrame:
    """Return influences whose labels are called as their nodes are."""
    return influences.assign(label=[label_text(label) for label in influences["label"]])
