"""Families are answered together as long as their records can be read one by one."""

from __future__ import annotations

import torch
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET
from zoograph.models.evidence.kernel import EvidenceKernel
from zoograph.models.evidence.posterior import Prior
from zoograph.models.evidence.relevant import MOST_SINGLE
from zoograph.training.predictors.evidence_parts import asked_with, divide, parts_of


def test_families_are_asked_about_together_while_their_records_can_be_read_one_by_one() -> None:
    families, few = torch.arange(61), torch.full((61,), 5)
    assert divide(families, few).bincount().tolist() == [48, 13]
    assert divide(torch.zeros(60, dtype=torch.long), few[:60]).bincount().tolist() == [48, 12]
    many = torch.where(families == 30, 10 * MOST_SINGLE, 300)
    parts = divide(families, many)
    for part in parts.unique():
        there = (parts == part).nonzero().flatten()
        assert there.tolist() == [30] or many[there].sum() <= MOST_SINGLE
    assert divide(families[:0], few[:0]).tolist() == []


def test_a_family_is_torn_apart_only_where_it_has_more_records_than_can_be_read() -> None:
    family, number = torch.tensor([0, 0, 1, 2, 2, 2, 3]), torch.tensor([700, 600, 100, 1400, 1400, 10, 5])
    assert divide(family, number).tolist() == [0, 0, 0, 1, 1, 2, 3]


def test_a_family_without_records_is_asked_about_alone() -> None:
    assert divide(torch.tensor([0, 1, 2, 1]), torch.tensor([5, 0, 5, 0])).tolist() == [0, 1, 2, 1]


def test_records_of_every_protocol_count(graph: HeteroData) -> None:
    prior = Prior.of(EvidenceKernel().requires_grad_(False), graph)
    counts = torch.bincount(prior.records.cells.dataset, minlength=graph[DATASET].num_nodes)
    assert counts.sum() == len(prior.records)
    assert torch.equal(parts_of(prior, graph), divide(graph[DATASET].group, counts))


def test_whoever_is_of_the_same_parts_is_asked_along() -> None:
    assert asked_with(torch.tensor([0, 1, 1, 2, 0]), torch.tensor([4, 2, 2])).tolist() == [0, 1, 2, 4]
