"""Builder of the heterogeneous graph: cards become nodes, records become edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.naming.spellings import UNREAD_SCORES
from zoograph.data.records.records import ACCURACIES, Metric, Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.data.text.words import label_text, model_text, name_text
from zoograph.graphs.edges import (
    add_corpora,
    add_lineage,
    add_numbers,
    add_reverse,
    add_runs,
    as_runs,
    corpus_names,
    lineage_kinds,
    make_edges,
    name_by_text,
)
from zoograph.graphs.facts import add_facts
from zoograph.graphs.nodes import (
    TextLookup,
    add_nodes,
    code_of,
    model_numbers,
    more_numbers,
    number_groups,
    read_number,
)
from zoograph.graphs.plain_graph import PlainGraph
from zoograph.graphs.relations import relation_edges
from zoograph.graphs.results import IMAGENET_VARIANTS, hidden_numbers
from zoograph.graphs.schema import (
    DATASET,
    DATASET_NUMBERS,
    DERIVED_FROM,
    FORWARD_EDGE_TYPES,
    HAS,
    INFLUENCES,
    LABEL,
    MEASURED_OTHERWISE,
    MODEL,
    MORE_DATASET_NUMBERS,
    MORE_MODEL_NUMBERS,
    PRETRAINED_ON,
    PROBE_SCORES,
    RELATED_TO,
    SCORED_ON,
    TRANSFERS_TO,
    EdgeType,
)

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

# What a vocabulary calls the numbers that cards of a zoo have beside those of every zoo.
MODEL_NUMBERS_KEY, DATASET_NUMBERS_KEY = "model_numbers", "dataset_numbers"
_LATER_KINDS = (MODEL_NUMBERS_KEY, DATASET_NUMBERS_KEY, INFLUENCES[1], PRETRAINED_ON[1], DERIVED_FROM[1])

Vocabulary = Mapping[str, Sequence[str]]


def build_graph(
    zoo: Zoo,
    text: TextLookup,
    protocol: Protocol | None = Protocol.HEAD,
    metric: Metric = Metric.TOP1,
    vocabulary: Vocabulary | None = None,
    *,
    with_failed: bool = False,
    plain: bool = False,
) -> HeteroData:
    """Build the heterogeneous graph of a zoo, for the runs of one protocol and metric.

    Every node store holds ``ids`` (names, in node order) and

    - ``x_number`` (N, F) with ``x_number_mask`` (N, F): unscaled numbers, 0 where the mask is False;
    - ``x_category`` (N,): code of the family or domain, 0 for an unknown one;
    - ``x_text`` (N, S, T) with ``x_text_mask`` (N, S): one text embedding a slot;
    - ``group`` (N,): nodes of one family share a number; a node without a family stands alone.

    Datasets also hold ``sample_size`` (N,): images altogether, NaN where not known. Models also hold ``speeds``: images
    a second by named device, which nothing learns from. A number of a card that is a result of a run that may be asked
    for is not known, see :func:`zoograph.graphs.results.hidden_numbers`.

    ``transfers_to`` holds ``edge_label`` (measured accuracy in [0, 1], mean over runs), ``num_runs``, ``repeats``
    (draws that these are means of, altogether), ``shots`` (images of each class, mean over runs; NaN for all),
    ``sample_size`` (images it was measured on; NaN where not known), ``protocol`` (place in
    :class:`zoograph.data.records.records.Protocol`) and ``failed``. It holds no ``edge_attr``: what message
    passing may see of a measured accuracy is decided by :func:`zoograph.graphs.splits.reveal`.
    ``measured_otherwise_on`` holds the same of the runs of the metric under the other protocols, failed ones left out;
    it has no reverse, and no message passing reads it.
    ``scored_on``, ``related_to``, ``influences``, ``derived_from`` (one-hot kind) and ``pretrained_on`` (place in the
    chain of corpora, 0 for the last, and one-hot objective) hold ``edge_attr`` (E, F) with ``edge_attr_mask`` (E, F)
    and ``names``; the last two no attributes where there is no name. ``pretrained_on`` also holds ``position`` (E,).

    Args:
        zoo: cards and records.
        text: looks up text embeddings: n strings -> (n, T) float32; a row of NaN is masked.
        protocol: whose runs become ``transfers_to`` edges; None for all, with an edge for each protocol of a pair, so
            that none was measured otherwise.
        metric: likewise.
        vocabulary: known families and domains by node type, numbers by ``model_numbers`` and ``dataset_numbers``, and
            scores, relations, influences, kinds of lineage and attributes of corpora by edge verb; what it
            does not list is left out. Default: all in ``zoo``. Scores of
            :data:`zoograph.data.records.naming.spellings.UNREAD_SCORES` never enter.
        with_failed: whether a pair whose runs all failed is an edge as well, marked in ``failed``.
        plain: whether to return a :class:`zoograph.graphs.plain_graph.PlainGraph`, to answer from, not to learn.

    Returns:
        A validated graph.
    """
    models, datasets = list(zoo.models.values()), list(zoo.datasets.values())
    labels = _known_labels(datasets, text)
    words = _make_vocabulary(zoo, vocabulary)
    probes = as_runs(zoo.scores[zoo.scores["name"].isin(PROBE_SCORES if protocol and metric in ACCURACIES else ())])
    zoo = zoo.with_names(*(words[kind[1]] for kind in (SCORED_ON, RELATED_TO, INFLUENCES)))
    runs, otherwise = _chosen_runs(zoo, protocol, metric, with_failed)

    graph: Any = PlainGraph() if plain else _hetero_data()
    graph.vocabulary, graph.metric = words, metric.value
    graph.protocol = None if protocol is None else protocol.value
    told = IMAGENET_VARIANTS | {card.pretrained_on for card in models}
    pairs = runs.loc[runs["dataset"].isin(told), ["model", "dataset"]].drop_duplicates()
    measured_on = {model: frozenset(part) for model, part in pairs.groupby("model", observed=True)["dataset"]}
    hidden = [hidden_numbers(card, protocol, measured_on.get(card.id, frozenset())) for card in models]
    add_nodes(
        graph,
        MODEL,
        [card.id for card in models],
        [
            model_numbers(card, zoo.datasets, words[MODEL_NUMBERS_KEY], results)
            for card, results in zip(models, hidden, strict=True)
        ],
        [code_of(words[MODEL], card.family) for card in models],
        [[model_text(card), card.family] for card in models],
        text,
    )
    add_nodes(
        graph,
        DATASET,
        [card.id for card in datasets],
        [[read_number(card, name) for name in (*DATASET_NUMBERS, *words[DATASET_NUMBERS_KEY])] for card in datasets],
        [code_of(words[DATASET], card.domain) for card in datasets],
        [[name_text(card.id), card.domain] for card in datasets],
        text,
    )
    add_nodes(graph, LABEL, labels, [[] for _ in labels], [0 for _ in labels], [[label] for label in labels], text)

    graph[MODEL].group = number_groups(card.family or card.id for card in models)
    graph[MODEL].speeds = [{speed.device: speed.images_per_second for speed in card.speeds} for card in models]
    graph[DATASET].group = number_groups(card.family or card.id for card in datasets)
    graph[DATASET].sample_size = torch.tensor([float(card.num_samples or "nan") for card in datasets])
    add_facts(graph, models, datasets, hidden)
    _add_edges(
        graph, zoo, [(TRANSFERS_TO, runs), (MEASURED_OTHERWISE, otherwise), (MEASURED_OTHERWISE, probes)], labels
    )
    graph.validate()
    return graph


def _known_labels(datasets: Sequence[DatasetCard], text: TextLookup) -> list[str]:
    """Return the texts of all labels, sorted; one that is looked up as NaN is as one that the cards do not name."""
    labels = sorted({label_text(label) for card in datasets for label in card.labels})
    vectors = text(labels) if labels else ()
    return [label for label, vector in zip(labels, vectors, strict=True) if not np.isnan(vector).any()]


def _hetero_data() -> HeteroData:
    from torch_geometric.data import HeteroData  # seconds to import

    return HeteroData()


def _make_vocabulary(zoo: Zoo, given: Vocabulary | None) -> dict[str, list[str]]:
    """Return what a zoo knows by kind, or what is ``given`` of it; a kind that an older vocabulary lacks is empty."""
    models, datasets = list(zoo.models.values()), list(zoo.datasets.values())
    known: dict[str, list[str]] = {
        MODEL: sorted({card.family for card in models if card.family}),
        DATASET: sorted({card.domain for card in datasets if card.domain}),
        SCORED_ON[1]: sorted(zoo.scores["name"].unique()),
        RELATED_TO[1]: sorted(zoo.relations["name"].unique()),
    }
    later: dict[str, list[str]] = {kind: [] for kind in _LATER_KINDS}
    if given is None:
        later = {
            MODEL_NUMBERS_KEY: more_numbers(models, MORE_MODEL_NUMBERS),
            DATASET_NUMBERS_KEY: more_numbers(datasets, MORE_DATASET_NUMBERS),
            INFLUENCES[1]: sorted(zoo.influences["name"].unique()),
            PRETRAINED_ON[1]: corpus_names(zoo),
            DERIVED_FROM[1]: lineage_kinds(zoo),
        }
    words = {kind: list(part) for kind, part in {**known, **later, **(given or {})}.items()}
    words[SCORED_ON[1]] = [name for name in words[SCORED_ON[1]] if name not in UNREAD_SCORES]
    return words


def _chosen_runs(
    zoo: Zoo, protocol: Protocol | None, metric: Metric, with_failed: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the runs of a metric under the protocol, and those under the others that did not fail."""
    runs = zoo.runs[zoo.runs["metric"] == metric.value]
    asked = runs["protocol"].isin(list(Protocol) if protocol is None else [protocol])
    sound = runs["failure"].isna()
    return runs[asked & (sound | with_failed)], runs[~asked & sound]


def _add_edges(
    graph: HeteroData, zoo: Zoo, measured: Sequence[tuple[EdgeType, pd.DataFrame]], labels: list[str]
) -> None:
    model_at, dataset_at = ({name: i for i, name in enumerate(graph[kind].ids)} for kind in (MODEL, DATASET))
    label_at = {label: i for i, label in enumerate(labels)}
    for edge_type, runs in measured:
        add_runs(graph, edge_type, runs, model_at, dataset_at)
    add_numbers(graph, SCORED_ON, zoo.scores, model_at, dataset_at)
    influences = name_by_text(zoo.influences)
    add_numbers(graph, INFLUENCES, influences[influences["label"].isin(label_at)], label_at, dataset_at)
    add_corpora(graph, zoo, model_at, dataset_at)
    add_lineage(graph, zoo, model_at)
    graph[HAS].edge_index = make_edges(
        (dataset_at[card.id], label_at[label_text(label)])
        for card in zoo.datasets.values()
        for label in card.labels
        if label_text(label) in label_at
    )
    edge_index, attributes, mask, names = relation_edges(
        zoo, graph.vocabulary[RELATED_TO[1]], dataset_at, graph[LABEL].x_text[:, 0], label_at
    )
    graph[RELATED_TO].edge_index = edge_index
    graph[RELATED_TO].edge_attr, graph[RELATED_TO].edge_attr_mask = attributes, mask
    graph[RELATED_TO].names = names
    for edge_type in FORWARD_EDGE_TYPES:
        add_reverse(graph, edge_type)
