"""Inputs of a score: what is refused, and what is prepared."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from zoograph.graphs.scores.inputs import RealInputs, ScoreInputs
from zoograph.graphs.scores.undefined import UndefinedScore


def _make() -> ScoreInputs:
    features = torch.randn(60, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return ScoreInputs(features, torch.arange(60) % 4, torch.full((60, 5), 0.2), features[:20], torch.arange(20) % 2)


def test_classes_are_renumbered_and_counted() -> None:
    inputs = ScoreInputs(torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([7, -3, 7]))
    assert inputs.targets.tolist() == [1, 0, 1]
    assert inputs.counts.tolist() == [1, 2]
    assert inputs.num_classes == 2
    assert inputs.sum_by_class(inputs.features).tolist() == [[2.0], [5.0]]


def test_class_sums_are_of_centred_features() -> None:
    inputs = ScoreInputs(torch.tensor([[1.0], [2.0], [6.0]]), torch.tensor([0, 0, 1]))
    assert inputs.class_sums.tolist() == [[-3.0], [3.0]]


def test_shapes_that_do_not_fit_together_are_refused() -> None:
    features, labels = torch.ones(4, 2), torch.tensor([0, 1, 0, 1])
    with pytest.raises(ValueError, match=r"features must be \(N, D\) and labels \(N,\)"):
        ScoreInputs(features, labels[:3])
    with pytest.raises(ValueError, match="labels must be integers"):
        ScoreInputs(features, labels.float())
    with pytest.raises(ValueError, match=r"source_probabilities must be a matrix \(4, any\)"):
        ScoreInputs(features, labels, torch.ones(3, 2))
    with pytest.raises(ValueError, match="source_features and source_labels come together"):
        ScoreInputs(features, labels, source_features=features)
    with pytest.raises(ValueError, match=r"source_features must be a matrix \(any, 2\)"):
        ScoreInputs(features, labels, source_features=torch.ones(4, 3), source_labels=labels)
    with pytest.raises(ValueError, match="one label for each row"):
        ScoreInputs(features, labels, source_features=features, source_labels=labels[:2])


def test_what_no_score_can_take_is_undefined() -> None:
    inputs = _make()
    with pytest.raises(UndefinedScore, match="all samples are of one class"):
        replace(inputs, labels=torch.zeros(60, dtype=torch.long))
    for value in (math.nan, math.inf):
        with pytest.raises(UndefinedScore, match="features hold NaN or infinite values"):
            replace(inputs, features=torch.cat([inputs.features[:, 1:], torch.full((60, 1), value)], dim=1))
        assert inputs.source_probabilities is not None
        with pytest.raises(UndefinedScore, match="source_probabilities hold NaN or infinite values"):
            replace(inputs, source_probabilities=inputs.source_probabilities * value)
    with pytest.raises(UndefinedScore, match="features are larger than float32 can hold"):
        replace(inputs, features=1e40 * inputs.features)
    with pytest.raises(UndefinedScore, match="1 samples of 3 features, two of one are the least"):
        ScoreInputs(torch.ones(1, 3), torch.tensor([0]))


def test_logits_are_no_probabilities() -> None:
    with pytest.raises(ValueError, match="give probabilities, not logits"):
        ScoreInputs(torch.ones(2, 3), torch.tensor([0, 1]), torch.tensor([[1.0, -1.0], [0.5, 0.5]]))


def test_a_source_task_without_samples_is_undefined() -> None:
    inputs = _make()
    with pytest.raises(UndefinedScore, match="source_features hold no values"):
        replace(inputs, source_features=torch.zeros(0, 8), source_labels=torch.zeros(0, dtype=torch.int64))


def test_real_targets_are_checked() -> None:
    features = torch.randn(6, 3)
    for targets in (torch.ones(6), torch.ones(5, 1), torch.ones(6, 0)):
        with pytest.raises(ValueError, match="targets \\(N, K\\)"):
            RealInputs(features, targets)
    for value in (torch.nan, torch.inf):
        with pytest.raises(UndefinedScore, match="targets hold NaN or infinite"):
            RealInputs(features, torch.full((6, 1), value))
    with pytest.raises(UndefinedScore, match="targets are larger than float32"):
        RealInputs(features, torch.full((6, 1), 1e39, dtype=torch.float64))
    directions = RealInputs(features, torch.tensor([[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]])).directions
    assert directions.flatten().abs().tolist() == pytest.approx([x / 17.5**0.5 for x in (2.5, 1.5, 0.5, 0.5, 1.5, 2.5)])
