"""Orders and beliefs as policies: what is measured, and what is picked."""

from __future__ import annotations

import torch
from torch import Tensor

from zoograph.training.choosing.beliefs.belief import Belief
from zoograph.training.choosing.replays.policies import follow_belief, follow_order, halving_order

TRUTH = torch.tensor([0.5, 0.9, 0.7, 0.8], dtype=torch.float64)


def _regrets(belief: Belief) -> Tensor:
    return belief.regrets(400)[1]


def test_an_order_picks_the_best_that_it_has_seen() -> None:
    choices = follow_order(torch.tensor([0, 2, 1, 3]), TRUTH, 3)
    assert (choices.measured, choices.picked) == ([0, 2, 1], [0, 0, 2, 1])
    assert choices.stated is None


def test_a_belief_begins_with_the_leader_and_does_not_measure_twice() -> None:
    mean = torch.tensor([0.6, 0.5, 0.55, 0.5], dtype=torch.float64)
    belief = Belief(mean, 0.02 * torch.eye(4, dtype=torch.float64), torch.full((4,), 1e-4, dtype=torch.float64))
    choices = follow_belief(belief, TRUTH, 10, _regrets)
    assert choices.measured[0] == choices.picked[0] == 0
    assert sorted(choices.measured) == [0, 1, 2, 3]
    assert choices.picked[-1] == 1
    assert choices.stated is not None
    assert choices.stated[0] > 10 * choices.stated[-1] >= 0
    assert len(choices.stated) == len(choices.picked) == 5


def test_a_twin_of_what_was_measured_is_worth_less_than_another_model() -> None:
    covariance = torch.tensor([[0.04, 0.0399, 0.0], [0.0399, 0.04, 0.0], [0.0, 0.0, 0.04]], dtype=torch.float64)
    mean = torch.tensor([0.6, 0.59, 0.55], dtype=torch.float64)
    belief = Belief(mean, covariance, torch.full((3,), 1e-6, dtype=torch.float64))
    truth = torch.tensor([0.6, 0.6, 0.6], dtype=torch.float64)
    assert follow_belief(belief, truth, 2, _regrets).measured == [0, 2]


def test_halving_measures_the_best_of_the_cheap_measurement_first() -> None:
    cheap = torch.tensor([0.2, torch.nan, 0.9, 0.5])
    assert halving_order(cheap).tolist() == [2, 3, 0, 1]
