"""LEEP against published values, against its definition, and in its limits."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.leep import leep
from zoograph.graphs.scores.undefined import UndefinedScore

CASES = ["c1_small", "c2_n_lt_d", "c4_singleton", "c6_many"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("variant", ["thuml", "tllib", "parc", "spider"])
def test_published_values_are_met(name: str, variant: str, case: Any, reference: Any) -> None:
    arrays, published = case(name), reference("LEEP", variant, name)
    assert leep(arrays["P"], arrays["y"]) == pytest.approx(published.value, rel=published.rel)


def _naive(theta: Tensor, labels: Tensor) -> float:
    total = 0.0
    for i in range(len(labels)):
        expected = 0.0
        for z in range(theta.shape[1]):
            mass = float(theta[:, z].sum())
            if mass > 0:
                expected += float(theta[i, z]) * float(theta[labels == labels[i], z].sum()) / mass
        total += math.log(expected)
    return total / len(labels)


def test_it_is_the_definition_summed_one_by_one() -> None:
    generator = torch.Generator().manual_seed(0)
    theta = torch.randn(12, 4, generator=generator, dtype=torch.float64).softmax(dim=1)
    labels = torch.randint(0, 3, (12,), generator=generator)
    assert leep(theta, labels) == pytest.approx(_naive(theta, labels), rel=1e-12)


def test_a_source_class_without_mass_contributes_nothing() -> None:
    theta = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], dtype=torch.float64)
    labels = torch.tensor([0, 1, 0])
    padded = torch.cat([torch.zeros(3, 1, dtype=torch.float64), theta], dim=1)
    assert leep(padded, labels) == pytest.approx(leep(theta, labels), rel=1e-15)


def test_source_classes_that_are_the_target_give_zero_and_useless_ones_minus_the_entropy() -> None:
    labels = torch.tensor([0, 1, 1, 0])
    assert leep(torch.eye(2)[labels], labels) == 0.0
    assert leep(torch.full((4, 3), 1 / 3), labels) == pytest.approx(-math.log(2))


def test_a_sample_without_probabilities_has_no_prediction() -> None:
    theta = torch.tensor([[0.0, 0.0], [0.5, 0.5], [1.0, 0.0]])
    with pytest.raises(UndefinedScore, match="a sample has no probability of any source class"):
        leep(theta, torch.tensor([0, 1, 0]))


def test_a_model_without_source_classes_has_no_leep() -> None:
    with pytest.raises(UndefinedScore, match="probabilities of its source classes are not known"):
        leep.spec.compute(ScoreInputs(torch.randn(3, 2), torch.tensor([0, 1, 0])))
