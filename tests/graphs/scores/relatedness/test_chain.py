"""The transforms and terms of task-relatedness, and one published step from them to the bound."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from zoograph.graphs.scores.relatedness.bound import Bound, LinearHead, class_distance, class_losses, lipschitz
from zoograph.graphs.scores.relatedness.chain import (
    Chain,
    Terms,
    fixed_chain,
    label_mismatch,
    training_terms,
    transport_cost,
)

GOLDEN = Path(__file__).parents[1] / "golden"
LABEL_COSTS = {"lambda_label_1e6": 1e6, "lambda_label_0": 0.0}
REL = 1e-9  # published to twelve digits


@cache
def arrays() -> dict[str, Tensor]:
    with np.load(GOLDEN / "taskrel.npz", allow_pickle=False) as stored:
        found = {name: torch.from_numpy(stored[name]) for name in stored.files}
    return {name: array.double() if array.is_floating_point() else array for name, array in found.items()}


@cache
def published(variant: str) -> dict[str, float]:
    return json.loads((GOLDEN / "taskrel.json").read_text(encoding="utf-8"))["values"][variant]


def frequencies(labels: Tensor) -> Tensor:
    return torch.bincount(labels).double() / len(labels)


class Step:
    """The published step: variables that gradients reach, and its terms."""

    def __init__(self, label_cost: float = 1e6) -> None:
        a = arrays()
        self.variables = {
            "A": a["A"],
            "A_bar": a["A_bar"],
            "b": a["b"].flatten(),
            "B": a["B_logits"],
            "D": a["D_logits"],
        }
        self.variables = {name: value.clone().requires_grad_() for name, value in self.variables.items()}
        A, A_bar, b, B, D = self.variables.values()
        self.chain = Chain(A, A_bar, b, B.softmax(0), D.softmax(0))
        self.head = LinearHead(a["head_W"], a["head_b"])
        losses = class_losses(self.head, a["Xr"], a["yr"])
        distances = (
            torch.cdist(self.chain.move(a["Xr"]), a["Xt"]),
            torch.cdist(self.chain.relabel(a["yr"]), torch.eye(3).double()[a["yt"]]),
        )
        cost = transport_cost(*distances, a["emd_plan"], label_cost)
        priors = frequencies(a["yr"]), frequencies(a["yt"])
        self.losses = losses
        self.terms: Terms = training_terms(self.chain, cost, priors[0], losses, 80, priors[1])


@pytest.mark.parametrize("variant", LABEL_COSTS)
def test_the_terms_of_one_step_are_the_published_ones(variant: str) -> None:
    step, values = Step(LABEL_COSTS[variant]), published(variant)
    names = ("weighted_source_loss", "cond_entropy", "wd_squared", "prior_matching", "invertibility")
    assert [float(term.detach()) for term in step.terms] == pytest.approx([values[name] for name in names], rel=REL)
    assert float(step.terms.total().detach()) == pytest.approx(values["loss"], rel=REL)
    torch.testing.assert_close(step.losses, arrays()["class_summed_ce"], rtol=1e-6, atol=0)


@pytest.mark.parametrize("variant", LABEL_COSTS)
def test_the_gradients_of_one_step_have_the_published_norms(variant: str) -> None:
    step, values = Step(LABEL_COSTS[variant]), published(variant)
    step.terms.total().backward()
    for name, variable in step.variables.items():
        assert variable.grad is not None
        assert float(variable.grad.norm()) == pytest.approx(values[f"grad_norm_{name}"], rel=REL), name


def test_distance_slope_and_bound_are_the_published_ones() -> None:
    a, values, step = arrays(), published("eval"), Step()
    chain = Chain._make(part.detach() for part in step.chain)
    moved = chain.move(a["Xr"])
    distance, lonely = class_distance(moved, chain.renumber(a["yr"]), a["Xt"], a["yt"])
    drawn_target, drawn_moved, true = a["grad_labels"].split([72, 80, 72])
    seen = ((a["Xt"], drawn_target), (moved, drawn_moved), (a["Xt"], true))
    slope = max(lipschitz(step.head, chain, x, y) for x, y in seen)
    bound = Bound(*(float(term.detach()) for term in step.terms[:2]), distance, slope, lonely)
    assert distance == pytest.approx(values["wd_same_label_w1"], rel=REL)
    assert lonely == 0
    assert slope == pytest.approx(values["tau_max_grad_norm"], rel=REL)
    assert bound.reference_loss + bound.label_mismatch == pytest.approx(values["bound_loss_plus_CE"], rel=REL)
    assert bound.total == pytest.approx(values["bound_total_unrounded"], rel=REL)


def chain_of(relabelling: list[list[float]], prior: list[float]) -> Chain:
    return fixed_chain(2, torch.tensor(relabelling).double(), torch.tensor(prior).double())


def test_label_mismatch_is_the_conditional_entropy_and_zero_times_log_zero_is_zero() -> None:
    assert float(label_mismatch(chain_of([[1, 0], [0, 1]], [0.3, 0.7]))) == 0
    assert float(label_mismatch(chain_of([[0.5, 0], [0.5, 1]], [0.4, 0.6]))) == pytest.approx(0.4 * math.log(2))


def test_moving_back_undoes_moving() -> None:
    matrix = torch.tensor([[2.0, 1.0], [0.0, 1.0]]).double()
    chain = Chain(matrix, torch.linalg.inv(matrix), torch.tensor([3.0, -1.0]).double(), torch.eye(2), torch.ones(2) / 2)
    features = torch.randn(5, 2).double()
    torch.testing.assert_close(chain.move_back(chain.move(features)), features)
    torch.testing.assert_close(chain.move(torch.tensor([[1.0, 2.0]]).double()), torch.tensor([[7.0, 1.0]]).double())
