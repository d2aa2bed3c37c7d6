"""Recipes of the small models."""

from __future__ import annotations

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.training.analysis.influence.batched_training import Schedule
from zoograph.training.analysis.influence.recipe import Recipe, choose_recipe


def test_a_network_takes_grey_images_and_has_no_state_beside_its_weights() -> None:
    network = Recipe().create(5)
    assert network(torch.zeros(2, 1, 32, 32)).shape == (2, 5)
    assert list(network.buffers()) == []  # no batch norm: many of them are trained at once


def test_the_transfer_decides_nothing_about_the_source_models() -> None:
    assert choose_recipe("full") == Recipe(transfer="full")
    assert choose_recipe("full").pretraining() == choose_recipe("head").pretraining()
    assert Recipe(schedule=Schedule(steps=3)).pretraining() != Recipe().pretraining()


def test_an_unknown_transfer() -> None:
    with pytest.raises(ZoographError, match=r"must be one of head, full \(got 'half'\)"):
        choose_recipe("half")


def test_an_architecture_of_choice_is_one_that_can_be_trained_many_at_once() -> None:
    recipe = choose_recipe("head", "test_convnext")
    assert recipe.create(4)(torch.zeros(2, 1, 32, 32)).shape == (2, 4)
    assert recipe.pretraining() != Recipe().pretraining()
    with pytest.raises(
        ZoographError, match="'test_resnet' cannot be trained many at once: it has layers of 'BatchNorm"
    ):
        choose_recipe("head", "test_resnet")
    with pytest.raises(ZoographError, match="'nonet' must be one of timm that takes grey images of 32 x 32"):
        choose_recipe("head", "nonet")


def test_an_architecture_is_tried_before_minutes_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no batching rule")

    monkeypatch.setattr("zoograph.training.analysis.influence.recipe.train_many", fail)
    with pytest.raises(
        ZoographError, match=r"'test_convnext' must be one of which many are trained at once \(got: no batching rule"
    ):
        choose_recipe("head", "test_convnext")
