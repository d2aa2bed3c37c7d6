"""The decorator of a score."""

from __future__ import annotations

import inspect

import pytest
import torch

from zoograph.graphs.scores.inputs import RealInputs, ScoreInputs
from zoograph.graphs.scores.spec import PROBABILITIES, SOURCE_TASK, of_values, score

FEATURES, LABELS = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([0, 1, 1])


@score("Toy", "Toy et al., 2020")
def toy(inputs: ScoreInputs, *, factor: float = 1.0) -> float:
    """Return the sum of the features."""
    return factor * float(inputs.features.sum())


def test_the_public_function_takes_tensors_and_options() -> None:
    assert toy(FEATURES, LABELS) == 7.0
    assert toy(FEATURES, labels=LABELS, factor=2.0) == 14.0
    assert toy.__doc__ == "Return the sum of the features."
    assert list(inspect.signature(toy).parameters) == ["features", "labels", "factor"]
    with pytest.raises(TypeError, match="missing a required argument: 'labels'"):
        toy(FEATURES)
    with pytest.raises(TypeError, match="unexpected keyword argument 'scale'"):
        toy(FEATURES, LABELS, scale=2.0)


def test_its_entry_computes_on_prepared_inputs() -> None:
    assert toy.spec.compute(ScoreInputs(FEATURES, LABELS)) == 7.0
    assert (toy.spec.name, toy.spec.title, toy.spec.paper) == ("toy", "Toy", "Toy et al., 2020")
    assert toy.spec.needs == frozenset()


def test_probabilities_and_source_tasks_are_arguments_of_those_who_need_them() -> None:
    @score("Mean", "Toy et al., 2020", needs=PROBABILITIES)
    def mean(inputs: ScoreInputs) -> float:
        assert inputs.source_probabilities is not None
        return float(inputs.source_probabilities.mean())

    @score("Gap", "Toy et al., 2020", needs=SOURCE_TASK)
    def gap(inputs: ScoreInputs) -> float:
        assert inputs.source_features is not None
        return float(inputs.features.mean() - inputs.source_features.mean())

    assert mean(torch.full((3, 2), 0.5), LABELS) == 0.5
    assert gap(FEATURES - 1, LABELS, FEATURES, LABELS) == pytest.approx(1.0)
    assert (mean.spec.needs, gap.spec.needs) == ({PROBABILITIES}, {SOURCE_TASK})


def test_a_score_can_be_defined_for_real_targets_too() -> None:
    @score("Sum", "Toy et al., 2020")
    def total(inputs: ScoreInputs) -> float:
        return float(inputs.features.sum())

    @of_values(total)
    def total_of_values(inputs: RealInputs, *, factor: float = 1.0) -> float:
        return factor * float((inputs.features * inputs.targets).sum())

    targets = torch.tensor([[1.0], [0.0], [2.0]])
    assert toy.spec.of_values is None
    assert total.spec.of_values is not None
    assert total.spec.of_values(RealInputs(FEATURES, targets)) == total_of_values(FEATURES, targets) == 9.0
    assert total_of_values(features=FEATURES, targets=targets, factor=2.0) == 18.0
