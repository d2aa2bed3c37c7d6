"""The parts of the bound of task-relatedness in hand-made cases; ``test_chain`` holds the published ones."""

from __future__ import annotations

import math

import pytest
import torch

from zoograph.graphs.scores.relatedness.bound import (
    Bound,
    LinearHead,
    class_distance,
    class_losses,
    lipschitz,
    transplanted,
)
from zoograph.graphs.scores.relatedness.chain import Chain, fixed_chain


def chain_of(relabelling: list[list[float]], prior: list[float]) -> Chain:
    return fixed_chain(2, torch.tensor(relabelling).double(), torch.tensor(prior).double())


def test_bound_adds_its_parts_up() -> None:
    bound = Bound(reference_loss=0.5, label_mismatch=0.2, distance=3.0, lipschitz=0.1, lonely_classes=0)
    assert bound.distribution_mismatch == pytest.approx(0.3)
    assert bound.total == pytest.approx(1.0)


def test_losses_are_added_up_within_a_class() -> None:
    head = LinearHead(torch.zeros(2, 3), torch.tensor([0.0, math.log(3)]))  # 1/4 and 3/4 for whatever it sees
    losses = class_losses(head, torch.randn(3, 3), torch.tensor([0, 0, 1]))
    assert losses.tolist() == pytest.approx([2 * math.log(4), math.log(4 / 3)])


def test_distance_is_the_mean_over_classes_whatever_their_sizes() -> None:
    moved, target = torch.tensor([[0.0], [0.0], [0.0], [10.0]]), torch.tensor([[1.0], [13.0], [13.0]])
    labels, target_labels = torch.tensor([0, 0, 0, 1]), torch.tensor([0, 1, 1])
    assert class_distance(moved, labels, target, target_labels) == (pytest.approx((1 + 3) / 2), 0)


def test_a_class_of_one_side_alone_is_held_against_all_of_the_other() -> None:
    moved, target = torch.tensor([[0.0], [4.0]]), torch.tensor([[1.0], [7.0]])
    # class 0: 0 to 1; class 1 has no moved samples: {0, 4} to {7}; class 2 has no target: {4} to {1, 7}
    distance, lonely = class_distance(moved, torch.tensor([0, 2]), target, torch.tensor([0, 1]))
    assert (distance, lonely) == (pytest.approx((1 + 5 + 3) / 3), 2)


def test_slope_is_the_largest_gradient_and_grows_with_the_inverse_where_the_distance_is_measured() -> None:
    head = LinearHead(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]).double(), torch.zeros(2).double())
    chain = chain_of([[1, 0], [0, 1]], [0.5, 0.5])
    origin = torch.zeros(1, 2).double()
    assert lipschitz(head, chain, origin, torch.tensor([0])) == pytest.approx(1.0)  # W^T (p - e) = (-1, 0)
    tripled = chain._replace(inverse=3 * torch.eye(2).double())
    assert lipschitz(head, tripled, origin, torch.tensor([0])) == pytest.approx(1.0)
    assert lipschitz(head, tripled, origin, torch.tensor([0]), through_inverse=True) == pytest.approx(3.0)


def test_the_transplanted_head_adds_up_the_classes_that_become_one() -> None:
    head = LinearHead(torch.zeros(3, 2).double(), torch.tensor([0.0, 0.0, math.log(2)]).double())
    chain = chain_of([[1, 1, 0], [0, 0, 1]], [0.25, 0.25, 0.5])
    chances = transplanted(head, chain, torch.zeros(1, 2).double()).exp()
    torch.testing.assert_close(chances, torch.tensor([[0.5, 0.5]]).double())
