"""Exact and entropic couplings of task-relatedness."""

from __future__ import annotations

import pytest
import torch

from zoograph.graphs.scores.relatedness.couplings import entropic_plan, exact_plan, wasserstein


def test_the_exact_plan_pairs_what_is_near_and_has_its_labels() -> None:
    points = torch.tensor([[0.0], [1.0]]).double()
    costs = torch.cdist(points, points)
    assert exact_plan(costs, torch.zeros(2, 2).double()).tolist() == [[0.5, 0], [0, 0.5]]
    assert exact_plan(costs, 5 * torch.eye(2).double()).tolist() == [[0, 0.5], [0.5, 0]]


@pytest.mark.parametrize("label_cost", [0.0, 10.0, 1e6])
def test_the_entropic_cost_is_close_above_the_exact_one_where_labels_agree(label_cost: float) -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(80) % 4
    points, others = torch.randn(2, 80, 16, generator=generator).double()
    feature_costs = torch.cdist(points, others + 0.5)
    label_costs = label_cost * (labels[:, None] != labels).double()
    exact, entropic = (plan(feature_costs, label_costs) for plan in (exact_plan, entropic_plan))
    total = feature_costs + label_costs
    assert float((exact * total).sum()) == pytest.approx(float((entropic * total).sum()), rel=0.01)
    assert float((entropic * total).sum()) >= float((exact * total).sum()) * (1 - 1e-3)
    torch.testing.assert_close(entropic.sum(0), torch.full((80,), 1 / 80).double(), rtol=0, atol=1e-4)
    torch.testing.assert_close(entropic.sum(1), torch.full((80,), 1 / 80).double(), rtol=0, atol=1e-4)


def test_the_distance_of_two_clouds_is_exact() -> None:
    assert wasserstein(torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0]])) == pytest.approx(1.0)
    assert wasserstein(torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0], [0.0, 1.0]])) == pytest.approx(3.0)
