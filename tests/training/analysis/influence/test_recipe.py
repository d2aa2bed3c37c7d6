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
