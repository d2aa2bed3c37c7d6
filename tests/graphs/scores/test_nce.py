"""NCE against published values, against the entropies of scikit-learn, and in its limits."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.nce import nce, negative_conditional_entropy
from zoograph.graphs.scores.undefined import UndefinedScore

CASES = ["c1_small", "c2_n_lt_d", "c4_singleton", "c6_many"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("variant", ["thuml", "tllib", "spider"])
def test_published_values_are_met(name: str, variant: str, case: Any, reference: Any) -> None:
    arrays, published = case(name), reference("NCE", variant, name)
    assert nce(arrays["P"], arrays["y"]) == pytest.approx(published.value, rel=published.rel)


def test_it_is_mutual_information_less_the_entropy_of_the_labels() -> None:
    generator = torch.Generator().manual_seed(0)
    probabilities = torch.rand(50, 5, generator=generator)
    labels = torch.randint(0, 3, (50,), generator=generator)
    expected = mutual_info_score(probabilities.argmax(dim=1), labels) - entropy(torch.bincount(labels))
    assert nce(probabilities, labels) == pytest.approx(expected, rel=1e-12)


def test_no_pseudo_count_grows_with_the_number_of_source_classes() -> None:
    labels = torch.tensor([0, 1, 0, 1])
    few = torch.eye(2)[torch.tensor([0, 0, 1, 1])]
    many = torch.nn.functional.pad(few, (0, 5000))
    assert nce(many, labels) == nce(few, labels) == pytest.approx(-math.log(2), rel=1e-15)


def test_a_table_needs_no_normalisation_and_empty_cells_count_nothing() -> None:
    joint = torch.tensor([[3.0, 0.0, 0.0], [1.0, 0.0, 4.0]], dtype=torch.float64)
    expected = (3 * math.log(3 / 4) + math.log(1 / 4)) / 8
    assert negative_conditional_entropy(joint) == pytest.approx(expected, rel=1e-14)
    assert negative_conditional_entropy(joint / 7) == pytest.approx(expected, rel=1e-14)
    assert negative_conditional_entropy(torch.full((1, 3), 0.1)) == 0.0


def test_a_model_without_source_classes_has_no_nce() -> None:
    with pytest.raises(UndefinedScore, match="probabilities of its source classes are not known"):
        nce.spec.compute(ScoreInputs(torch.randn(3, 2), torch.tensor([0, 1, 0])))
