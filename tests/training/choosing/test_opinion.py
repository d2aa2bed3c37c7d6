"""What is expected of candidates: which to pick, and what picking each is expected to lose."""

from __future__ import annotations

import pytest
import torch

from zoograph.data.records.records import Protocol
from zoograph.training.answers.current_predictor import Provenance
from zoograph.training.answers.expected_regret import ExpectedRegret
from zoograph.training.choosing.belief import Belief
from zoograph.training.choosing.opinion import Opinion

HEAD, FINETUNE = Protocol.HEAD, Protocol.FINETUNE


def _opinion(measured: dict[tuple[str, Protocol], float]) -> Opinion:
    mean = torch.tensor([0.6, 0.7, 0.2, 0.65], dtype=torch.float64)
    weighed = ExpectedRegret(mean, mean - 0.1, mean + 0.1, torch.full((4,), 0.25), torch.zeros(4))
    contenders = torch.tensor([0, 1, 3])
    belief = Belief(mean[contenders], 1e-8 * torch.eye(3, dtype=torch.float64), torch.full((3,), 1e-4))
    known = Provenance("v", "", "", 1, 0, True, 0, "")
    return Opinion(("a", "b", "c", "d"), weighed, contenders, belief, measured, known)


def test_where_nothing_was_measured_the_best_expected_one_is_picked() -> None:
    assert _opinion({}).leader(HEAD) == 1


def test_of_those_that_were_measured_the_best_is_picked() -> None:
    assert _opinion({("c", HEAD): 0.5, ("a", HEAD): 0.4}).leader(HEAD) == 2
    assert _opinion({("c", HEAD): 0.9}).leader(FINETUNE) == 2  # a head is known of it alone


def test_what_a_cheaper_level_found_counts_by_what_it_lets_expect() -> None:
    opinion = _opinion({("a", FINETUNE): 0.62, ("d", HEAD): 0.1, ("b", Protocol.ZERO_SHOT): 0.99})
    assert opinion.leader(FINETUNE) == 3  # expected at 0.65; what is no level of fine-tuning makes nobody tried


def test_regrets_are_against_the_best_that_is_expected() -> None:
    opinion = _opinion({})
    assert opinion.regrets() == pytest.approx([0.1, 0.0, 0.5, 0.05], abs=1e-3)
    assert opinion.regret(0) == opinion.regrets()[0]
    assert opinion.chances() == pytest.approx([0.0, 1.0, 0.0, 0.0])
