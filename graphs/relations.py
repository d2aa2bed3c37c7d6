"""Edges between datasets: measured relations, and similarity of texts and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from zoograph.data.records.zoo import Zoo
from zoograph.data.text.words import label_text
from zoograph.graphs.schema import RELATION_NUMBERS

NUM_NEIGHBORS = 10


def relation_edges(
    zoo: Zoo,
    measured_names: Sequence[str],
    dataset_at: Mapping[str, int],
    label_text: Tensor,
    label_at: Mapping[str, int],
) -> tuple[Tensor, Tensor, Tensor, list[str]]:
    """Return the ``related_to`` edges of a zoo.

    A pair of datasets is an edge if something was measured of it, or if one is among the ten nearest of the
    other by text similarity. Columns of the attributes are the measured relations, ``text_similarity`` (cosine
    of the mean label embeddings, in [-1, 1], higher is closer) and ``label_overlap`` (Jaccard index, in [0, 1]).

    Args:
        zoo: cards and measured relations.
        measured_names: of the relations that get a column.
        dataset_at: dataset id -> node.
        label_text: (L, T) embeddings of the labels.
        label_at: normalised label -> node.

    Returns:
        ``edge_index`` (2, E), ``edge_attr`` (E, F), ``edge_attr_mask`` (E, F), and the F names.
    """
    membership = _label_membership(zoo, dataset_at, label_at)
    similarity, overlap, has_labels = compare_labels(membership, label_text)
    names = [*measured_names, *RELATION_NUMBERS]

    measured: dict[tuple[int, int], dict[str, float]] = {}
    means = zoo.relations.groupby(["dataset", "other", "name"])["value"].mean()
    for (dataset, other, name), value in zip(means.index.to_list(), means.to_list(), strict=True):
        measured.setdefault((dataset_at[dataset], dataset_at[other]), {})[name] = float(value)
    pairs = dict.fromkeys(measured)
    for pair in _nearest_pairs(similarity, has_labels):
        if pair[::-1] not in pairs:
            pairs.setdefault(pair)

    edge_index = torch.tensor(list(pairs), dtype=torch.long).reshape(-1, 2).t().contiguous()
    attributes = torch.full((len(pairs), len(names)), float("nan"))
    for row, values in enumerate(measured.values()):  # whose pairs come first
        for name, value in values.items():
            attributes[row, names.index(name)] = value
    a, b = edge_index
    labelled = has_labels[a] & has_labels[b]
    attributes[labelled, -2] = similarity[a, b][labelled]
    attributes[labelled, -1] = overlap[a, b][labelled]
    mask = ~attributes.isnan()
    return edge_index, attributes.nan_to_num(0.0), mask, names


def compare_labels(membership: Tensor, label_text: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Compare datasets by their labels.

    Args:
        membership: (N, L), 1 where a dataset has a label.
        label_text: (L, T) embeddings.

    Returns:
        Cosine of the mean label embeddings (N, N), Jaccard index of the label sets (N, N), and (N,) which
        datasets have labels at all; rows of the others are 0 and mean nothing.
    """
    has_labels = membership.sum(1) > 0
    mean = torch.nn.functional.normalize(membership @ label_text, dim=1)
    shared = membership @ membership.t()
    sizes = membership.sum(1)
    union = sizes.unsqueeze(0) + sizes.unsqueeze(1) - shared
    return mean @ mean.t(), shared / union.clamp(min=1.0), has_labels


def _label_membership(zoo: Zoo, dataset_at: Mapping[str, int], label_at: Mapping[str, int]) -> Tensor:
    cells = [
        (dataset_at[card.id], node)
        for card in zoo.datasets.values()
        for label in card.labels
        if (node := label_at.get(label_text(label))) is not None
    ]
    membership = torch.zeros(len(dataset_at), len(label_at))
    membership[tuple(torch.tensor(cells, dtype=torch.long).reshape(-1, 2).t())] = 1.0
    return membership


def _nearest_pairs(similarity: Tensor, eligible: Tensor) -> list[tuple[int, int]]:
    """Return (neighbour, dataset) for the nearest neighbours of each eligible dataset."""
    candidates = similarity.clone().fill_diagonal_(-2.0)
    candidates[:, ~eligible] = -2.0
    nearest = candidates.topk(min(NUM_NEIGHBORS, max(len(candidates) - 1, 0)), dim=1)
    return [
        (neighbor, dataset)
        for dataset in eligible.nonzero().flatten().tolist()
        for neighbor, value in zip(nearest.indices[dataset].tolist(), nearest.values[dataset].tolist(), strict=True)
        if value > -2.0
    ]
