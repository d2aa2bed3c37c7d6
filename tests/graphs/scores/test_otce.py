"""OTCE and OT-NCE against published values, and what duplicates and labels do to them."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from zoograph.graphs.scores import otce as module
from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.numerics import cloud_transport as transport
from zoograph.graphs.scores.otce import ot_nce, otce, task_distance
from zoograph.graphs.scores.undefined import UndefinedScore

CASES = ["c1_small", "c2_n_lt_d", "c4_singleton"]


@pytest.mark.parametrize("dense_cells", [2**22, 2000])
@pytest.mark.parametrize("name", CASES)
def test_published_values_are_met(
    name: str, dense_cells: int, case: Any, reference: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_DENSE_CELLS", dense_cells)
    arrays = case(name)
    task = (arrays["Xs"], arrays["ys"], arrays["X"], arrays["y"])
    domain, entropy, total = (reference(f"OTCE.{part}", "spider", name).value for part in ("W", "CE", "W_plus_CE"))
    assert otce(*task) == pytest.approx(-total, rel=1e-6)
    assert ot_nce(*task) == pytest.approx(-entropy, rel=1e-6)
    assert otce(*task, domain_weight=0.5, task_weight=2.0) == pytest.approx(-0.5 * domain - 2 * entropy, rel=1e-6)


def test_the_same_task_is_at_distance_zero() -> None:
    features, labels = torch.randn(30, 4, generator=torch.Generator().manual_seed(0)), torch.arange(30) % 3
    assert task_distance(ScoreInputs(features, labels, None, features, labels + 5)) == pytest.approx((0, 0), abs=1e-9)


def test_a_hand_made_coupling() -> None:
    source, target = torch.tensor([[0.0], [10.0]]), torch.tensor([[1.0], [1.0], [12.0], [12.0]])
    labels = torch.tensor([0, 1, 2, 2])
    # each source sample goes to two target samples: 0 -> {0, 1} at distance 1, 10 -> {2, 2} at distance 4
    assert otce(source, torch.tensor([7, 8]), target, labels, task_weight=0.0) == pytest.approx(-(0.5 + 0.5 * 4))
    assert ot_nce(source, torch.tensor([7, 8]), target, labels) == pytest.approx(-0.5 * math.log(2))


def test_labels_of_samples_that_are_alike_share_their_mass() -> None:
    source, target = torch.zeros(4, 2), torch.ones(6, 2)
    source_labels, labels = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 0, 0, 1, 1, 1])
    assert ot_nce(source, source_labels, target, labels) == pytest.approx(-math.log(2))  # whatever the order
    assert otce(source, source_labels, target, labels) == pytest.approx(-2 - math.log(2))


def test_the_transport_of_the_same_inputs_is_solved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def solve(source: transport.Cloud, target: transport.Cloud) -> transport.Plan:
        calls.append(len(source.weights))
        return transport.transport(source, target)

    monkeypatch.setattr(module, "transport", solve)
    features, labels = torch.randn(10, 3), torch.arange(10) % 2
    inputs = ScoreInputs(features, labels, None, features + 1, labels)
    assert otce.spec.compute(inputs) < ot_nce.spec.compute(inputs) + 1e-9
    assert calls == [10]


def test_what_has_no_source_task_is_undefined() -> None:
    features, labels = torch.randn(4, 2), torch.tensor([0, 1, 0, 1])
    with pytest.raises(UndefinedScore, match="the source task is not known"):
        otce.spec.compute(ScoreInputs(features, labels))
