"""Edges: records become edge indices and attributes, each with its reverse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.records.zoo import Zoo
from zoograph.data.text.words import label_text
from zoograph.graphs.schema import (
    DATASET,
    TRANSFERS_TO,
    EdgeType,
    reverse,
)


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


def add_runs(graph: HeteroData, zoo: Zoo, model_at: Mapping[str, int], dataset_at: Mapping[str, int]) -> None:
    """Add the mean accuracy of each measured pair, with the number of its runs and the images it was measured on."""
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
