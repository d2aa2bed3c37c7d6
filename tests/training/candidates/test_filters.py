"""Filters: each one, limits of what is not known, and the sentence where nobody is left."""

from __future__ import annotations

import re
from typing import Any

import pytest

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import Objective
from zoograph.training.candidates.filters import Filters, Step, apply_filters

CARDS = (
    ModelCard(
        id="small",
        source="timm; mieb",
        family="resnet",
        parameters=10,
        gmacs=1.0,
        input_size=224,
        licence="MIT",
        objective=Objective.SUPERVISED,
    ),
    ModelCard(id="large", source="open-clip", family="vit", parameters=100, gmacs=8.0, input_size=448),
    ModelCard(id="other", source="timm", objective=Objective.DISTILLED, licence="apache-2.0"),
)
SPEEDS = {"small": 200.0, "large": 20.0}


def passing(**filters: Any) -> tuple[list[str], list[Step]]:
    cards, steps = apply_filters(
        CARDS, Filters(**filters), lambda card: card.id == "large", lambda card: SPEEDS.get(card.id)
    )
    return [card.id for card in cards], steps


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({}, ["small", "large", "other"]),
        ({"max_params": 100}, ["small", "large"]),
        ({"max_params": 99}, ["small"]),
        ({"max_gmacs": 1.0}, ["small"]),
        ({"max_input_size": 224}, ["small"]),
        ({"min_images_per_second": 20.0}, ["small", "large"]),
        ({"min_images_per_second": 21.0}, ["small"]),
        ({"licence": ("mit", "Apache-2.0")}, ["small", "other"]),
        ({"family": ("ResNet", "vit")}, ["small", "large"]),
        ({"objective": (Objective.DISTILLED,)}, ["other"]),
        ({"timm_only": True}, ["small", "other"]),
        ({"measured_only": True}, ["large"]),
    ],
)
def test_each_filter(filters: dict[str, Any], left: list[str]) -> None:
    assert passing(**filters)[0] == left


def test_unknown_figures_are_counted_apart() -> None:
    assert passing(timm_only=True, max_params=50)[1] == [Step("--timm-only", 2, 1), Step("--max-params", 1, 1, 1)]


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (
            {"max_params": 9},
            "No candidate is left of 3 models: --max-params left 0 ('small' comes nearest with 10 parameters). "
            "Relax or leave out --max-params.",
        ),
        (
            {"timm_only": True, "min_images_per_second": 500.0},
            "--timm-only left 2, --min-speed left 0 ('small' comes nearest with 200 images a second).",
        ),
        (
            {"licence": ("apache-2.0",), "max_gmacs": 1.0},
            "--licence left 1, --max-gmacs left 0 (of none it is known how many GMACs it has).",
        ),
        ({"family": ("vit",), "objective": (Objective.DISTILLED,)}, "--family left 1, --objective left 0. Relax"),
    ],
)
def test_where_nobody_is_left_the_filter_is_named(filters: dict[str, Any], message: str) -> None:
    with pytest.raises(ZoographError, match=re.escape(message)):
        passing(**filters)


def test_one_model_that_is_not_left_is_one() -> None:
    with pytest.raises(ZoographError, match=r"No candidate is left of 1 model: --max-params left 0"):
        apply_filters(CARDS[:1], Filters(max_params=9), lambda _: True, lambda _: None)


def test_unknown_words_are_errors_with_the_valid_ones() -> None:
    with pytest.raises(UnknownName, match=r"Unknown family 'rensnet'\. Nearest names: resnet, vit\. Valid names"):
        passing(family=("rensnet",))
    with pytest.raises(UnknownName, match=r"Unknown licence 'gpl'"):
        passing(licence=("mit", "gpl"))


@pytest.mark.parametrize("limit", ["30M", "3", True, [3]])
def test_a_limit_is_a_number(limit: Any) -> None:
    with pytest.raises(TypeError, match=r"'max_params' must be a number, such as 30_000_000, or None \(got"):
        Filters(max_params=limit)
    assert Filters(max_params=30_000_000, max_gmacs=4.0).max_params == 30_000_000
