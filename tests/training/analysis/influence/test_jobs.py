"""What is recorded of a model, and that a block trains and transfers each of its models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from zoograph.training.analysis.influence.batched_training import Schedule
from zoograph.training.analysis.influence.jobs import (
    OUTCOMES,
    _classifier_size,
    _outcomes,
    train_block,
    transfer_block,
)
from zoograph.training.analysis.influence.members import random_members
from zoograph.training.studies.influence.planted import make_planted_case


def test_outcomes_by_hand() -> None:
    logits = torch.tensor([[0.0, 0.0, 2.0], [1.0, 0.0, 0.0], [0.0, 5.0, 0.0]])
    chances = logits.softmax(1)
    found = dict(zip(OUTCOMES, _outcomes(logits, torch.tensor([2, 1, 3])), strict=True))
    assert found["correct"].tolist() == [1.0, 0.0, 0.0]
    assert found["probability"].tolist() == pytest.approx([float(chances[0, 2]), float(chances[1, 1]), 0.0])
    margins = [float(chances[0, 2] - chances[0, 0]), float(chances[1, 1] - chances[1, 0]), -float(chances[2, 1])]
    assert found["margin"].tolist() == pytest.approx(margins)


def test_a_block_trains_and_transfers_each_of_its_models(tmp_path: Path) -> None:
    case = make_planted_case()
    recipe = replace(case.recipe, schedule=Schedule(steps=2, batch_size=8))
    members = random_members(24, 3)
    trained = train_block(case.source.save(tmp_path), "class", recipe, "cpu", members)
    weights = np.stack([model["weights"] for model in trained])
    network = recipe.create(24)
    assert weights.shape == (3, sum(parameter.numel() for parameter in network.parameters()))
    assert len(np.unique(weights[:, 0])) == 3
    assert all(0 <= float(model["accuracy"]) <= 1 for model in trained)
    moved = transfer_block(case.target.save(tmp_path), recipe, "cpu", 24, weights, members.seeds)
    outcomes = np.stack([model["outcomes"] for model in moved])
    assert outcomes.shape == (3, 3, len(case.target.test_labels))
    assert set(np.unique(outcomes[:, OUTCOMES.index("correct")])) <= {0.0, 1.0}
    alone = transfer_block(case.target.save(tmp_path), recipe, "cpu", 24, weights[1:2], members.seeds[1:2])
    assert np.array_equal(alone[0]["outcomes"], outcomes[1])


def test_the_classifier_is_the_last_of_the_parameters() -> None:
    network = make_planted_case().recipe.create(7)
    assert _classifier_size(network) == 7 * (network.num_features + 1)
