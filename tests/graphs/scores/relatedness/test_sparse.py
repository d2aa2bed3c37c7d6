"""The sparse assignment of classes: who stands for whom, and features that move in closed form."""

from __future__ import annotations

import pytest
import torch

from zoograph.graphs.scores.relatedness.chain import fixed_chain, label_mismatch
from zoograph.graphs.scores.relatedness.sparse import (
    harden,
    learn_sparse,
    match_classes,
    sparse_prior,
    sparse_relabelling,
)


def test_classes_are_matched_with_the_least_sum_of_distances() -> None:
    means = torch.tensor([[0.0], [10.0], [4.0]])
    # the first alone would take 4, and leave 0 (distance 5) to the second: together they do better
    assert match_classes(means, torch.tensor([[7.5], [5.0]])) == [1, 2]
    assert match_classes(means, torch.tensor([[9.0], [1.0]])) == [1, 0]


def test_several_reference_classes_may_stand_for_one() -> None:
    means = torch.tensor([[0.0], [9.0], [1.0], [10.0], [50.0]])
    chosen = match_classes(means, torch.tensor([[10.0], [0.0]]), per_class=2)
    assert [set(chosen[:2]), set(chosen[2:])] == [{1, 3}, {0, 2}]
    relabelling = sparse_relabelling(2, per_class=2)
    assert relabelling.tolist() == [[1, 1, 0, 0], [0, 0, 1, 1]]
    prior = sparse_prior(relabelling, torch.tensor([0.8, 0.2]).double())
    assert prior.tolist() == pytest.approx([0.4, 0.4, 0.1, 0.1])
    assert float(label_mismatch(fixed_chain(1, relabelling, prior))) == 0


def test_a_shifted_and_scaled_target_is_reached_and_the_inverse_leads_back() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(400) % 4
    features = torch.randn(400, 3, generator=generator).double() + 4 * torch.randn(4, 3, generator=generator)[labels]
    target = features * torch.tensor([1.5, 1.0, 0.8]).double() + torch.tensor([1.0, -2.0, 0.0]).double()
    chain = learn_sparse(features, labels, target, labels, sparse_relabelling(4))
    before = (features - target).square().sum(1).mean()
    after = (chain.move(features) - target).square().sum(1).mean()
    assert float(after) < 0.01 * float(before)
    torch.testing.assert_close(chain.move_back(chain.move(features)), features)
    assert float(chain.prior.sum()) == pytest.approx(1.0)


def test_what_is_already_there_stays() -> None:
    features, labels = torch.randn(60, 3, generator=torch.Generator().manual_seed(1)).double(), torch.arange(60) % 3
    chain = learn_sparse(features, labels, features, labels, sparse_relabelling(3))
    torch.testing.assert_close(chain.matrix, torch.eye(3).double(), rtol=0, atol=1e-9)
    torch.testing.assert_close(chain.shift, torch.zeros(3).double(), rtol=0, atol=1e-9)


def test_a_soft_assignment_is_rounded_and_the_prior_follows() -> None:
    soft = torch.tensor([[0.6, 0.3, 0.9], [0.4, 0.7, 0.1], [0.0, 0.0, 0.0]]).double()
    chain = harden(fixed_chain(2, soft, torch.ones(3).double() / 3), torch.tensor([0.25, 0.25, 0.5]).double())
    assert chain.relabelling.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert chain.prior.tolist() == pytest.approx([0.25, 0.5, 0.25])  # the third class is out of reach
