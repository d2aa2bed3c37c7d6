"""Edges: records become edge indices and attributes, each with its reverse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from zoograph.data.records.records import Protocol
from zoograph.data.records.zoo import RUN_COLUMNS, Zoo
from zoograph.data.store.soundness.run_weights import run_weights
from zoograph.data.text.words import label_text
from zoograph.graphs.schema import (
    DATASET,
    DERIVED_FROM,
    PRETRAINED_ON,
    PROBE_SCORES,
    EdgeType,
    reverse,
)

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

_CODES = {protocol.value: code for code, protocol in enumerate(Protocol)} | PROBE_SCORES
_OBJECTIVE = "objective:"


def add_reverse(graph: HeteroData, edge_type: tuple[str, str, str]) -> None:
    """Give ``graph`` the reverse of its edges of one type, in the same order and with the same attributes."""
    forward, backward = graph[edge_type], graph[reverse(edge_type)]
    for key, value in forward.items():
        backward[key] = value.flip(0) if key == "edge_index" else value


def make_edges(pairs: Iterable[tuple[int, int]]) -> Tensor:
    """Return (2, n) an edge index, of pairs of nodes."""
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


def add_runs(
    graph: HeteroData,
    edge_type: EdgeType,
    runs: pd.DataFrame,
    model_at: Mapping[str, int],
    dataset_at: Mapping[str, int],
) -> None:
    """Add an edge for each pair and protocol, after those that are there.

    Where some runs of a pair failed, the others alone count; how much, :func:`run_weights` says.
    """
    words, place = _agreeing(runs)
    failed = runs["failure"].notna().to_numpy()
    sound = np.bincount(place[~failed], minlength=len(words["model"])) > 0
    kept = ~(failed & sound[place])
    place, runs = place[kept], runs[kept]
    number = runs["num_runs"].to_numpy(np.float64) if "num_runs" in runs else np.ones(len(runs))

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(place, values, len(words["model"]))

    def numbers(name: str) -> np.ndarray:
        return runs[name].to_numpy(np.float64, na_value=np.nan)

    def mean(name: str, weight: np.ndarray = number) -> Tensor:
        values = numbers(name)
        known = ~np.isnan(values)
        with np.errstate(invalid="ignore"):  # of none, NaN
            return torch.from_numpy((total(np.where(known, values * weight, 0.0)) / total(known * weight)).astype("f4"))

    ends = zip((words["model"], words["dataset"]), (model_at, dataset_at), strict=True)
    index = torch.from_numpy(np.stack([np.array([at[name] for name in part], np.int64) for part, at in ends]))
    measured_on = mean("test_size")
    new = {
        "protocol": torch.tensor([_CODES[word] for word in words["protocol"]], dtype=torch.long),
        "edge_index": index,
        "edge_label": mean("value", run_weights(place, numbers("test_size"), number)),
        "num_runs": torch.from_numpy(total(number).astype(np.int64)),
        "shots": mean("shots"),
        "repeats": torch.from_numpy(total(runs["repeats"].to_numpy(np.float64, na_value=1.0)).astype(np.int64)),
        "failed": torch.from_numpy(total(failed[kept]) > 0),
        "sample_size": torch.where(measured_on.isnan(), graph[DATASET].sample_size[index[1]], measured_on),
    }
    store = graph[edge_type]
    for key, values in new.items():
        store[key] = torch.cat([store[key], values], -1) if key in store else values


def _agreeing(runs: pd.DataFrame) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the words of each pair and protocol that occurs, sorted, and (n,) which of them each run is of."""
    coded = {name: pd.factorize(runs[name], sort=True) for name in ("model", "dataset", "protocol")}
    shape = [len(words) for _, words in coded.values()]
    key = np.zeros(len(runs), np.int64)
    for size, (codes, _) in zip(shape, coded.values(), strict=True):
        key = key * size + codes
    found, place = np.unique(key, return_inverse=True)
    parts = np.unravel_index(found, shape) if len(found) else [found] * len(shape)
    return {name: np.asarray(coded[name][1])[part] for name, part in zip(coded, parts, strict=True)}, place


def as_runs(scores: pd.DataFrame) -> pd.DataFrame:
    """Return scores that are accuracies of a probe as runs, one a pair and score, under protocols of their names."""
    keys = ["model", "dataset", "protocol"]
    rows = scores.assign(protocol=scores["name"], value=scores["value"].clip(0.0, 1.0))
    return rows.groupby(keys)["value"].mean().reset_index().reindex(columns=list(RUN_COLUMNS))


def corpus_names(zoo: Zoo) -> list[str]:
    """Return what edges to corpora carry: their place and the model's objective, unless all models have the same."""
    objectives = sorted({card.objective.value for card in zoo.models.values() if card.objective is not None})
    chained = any(len(zoo.datasets.keys() & set(card.trained_on)) > 1 for card in zoo.models.values())
    if not chained and len(objectives) < 2:
        return []
    return ["position", *(f"{_OBJECTIVE}{word}" for word in objectives if len(objectives) > 1)]


def lineage_kinds(zoo: Zoo) -> list[str]:
    """Return the kinds of lineage between models of a zoo."""
    parents = (parent for card in zoo.models.values() for parent in card.derived_from)
    return sorted({parent.kind.value for parent in parents if parent.model in zoo.models})


def add_corpora(graph: HeteroData, zoo: Zoo, model_at: Mapping[str, int], dataset_at: Mapping[str, int]) -> None:
    """Add an edge to each known corpus of a model, in order; ``position`` 0 is the last one that it was trained on."""
    names = graph.vocabulary[PRETRAINED_ON[1]]
    objectives = [name.removeprefix(_OBJECTIVE) for name in names[1:]]
    pairs: list[tuple[int, int]] = []
    rows: list[list[float]] = []
    for card in zoo.models.values():
        chain = card.trained_on
        for place, corpus in enumerate(chain):
            if corpus in dataset_at:
                pairs.append((model_at[card.id], dataset_at[corpus]))
                rows.append([float(len(chain) - 1 - place), *_flags(objectives, card.objective)])
    _add_attributes(graph, PRETRAINED_ON, pairs, rows, names)
    store = graph[PRETRAINED_ON]
    store.position = torch.tensor([int(row[0]) for row in rows], dtype=torch.long)


def add_lineage(graph: HeteroData, zoo: Zoo, model_at: Mapping[str, int]) -> None:
    """Add an edge to each known model that a model's weights come from, with its kind as a one-hot attribute."""
    kinds = graph.vocabulary[DERIVED_FROM[1]]
    edges = [(card, parent) for card in zoo.models.values() for parent in card.derived_from]
    edges = [(card, parent) for card, parent in edges if parent.model in model_at and parent.kind in kinds]
    pairs = [(model_at[card.id], model_at[parent.model]) for card, parent in edges]
    _add_attributes(graph, DERIVED_FROM, pairs, [_flags(kinds, parent.kind) for _, parent in edges], kinds)


def _flags(words: Sequence[str], word: str | None) -> list[float]:
    """Return 1 for the word and 0 for the others; NaN for all if it is not known."""
    return [float("nan") if word is None else float(one == word) for one in words]


def _add_attributes(
    graph: HeteroData, edge_type: EdgeType, pairs: list[tuple[int, int]], rows: list[list[float]], names: list[str]
) -> None:
    """Add edges, with a column for each name; without names they carry nothing."""
    store = graph[edge_type]
    store.edge_index, store.names = make_edges(pairs), names
    if names:
        values = torch.tensor(rows, dtype=torch.float32).reshape(len(rows), len(names))
        store.edge_attr_mask = ~values.isnan()
        store.edge_attr = values.nan_to_num(0.0)


def add_numbers(
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


def name_by_text(influences: pd.DataFrame) -> pd.DataFrame:
    """Return influences whose labels are called as their nodes are."""
    return influences.assign(label=[label_text(label) for label in influences["label"]])
