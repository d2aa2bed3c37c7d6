"""torchvision's weights are nodes of their own; those of the DomainNet record have its figures."""

from __future__ import annotations

import pytest

from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.networks.registry.timm_names import published_weights
from zoograph.data.networks.registry.torchvision_cards import DOMAINNET_WEIGHTS, model_card_from_torchvision
from zoograph.data.records.pretraining import Lineage, LineageKind, Objective


def test_a_card() -> None:
    card = model_card_from_torchvision("ResNet101_Weights.IMAGENET1K_V2")
    assert card is not None
    assert card.model_dump(exclude={"source"}, exclude_defaults=True) == {
        "id": "torchvision/resnet101.IMAGENET1K_V2",
        "aliases": ("ResNet101_Weights.IMAGENET1K_V2",),
        "family": "resnet",
        "timm_name": "resnet101",
        "architecture": "resnet101",
        "parameters": 44_549_160,
        "gmacs": 7.801,
        "input_size": 224,
        "num_features": 2048,
        "pretrained_on": "imagenet",
        "imagenet_top1": 0.81886,
        "objective": Objective.SUPERVISED,
        "corpora": ("imagenet",),
        "derived_from": (
            {"kind": LineageKind.SAME_WEIGHTS, "model": "resnet101.tv2_in1k"},
            {"kind": LineageKind.SAME_ARCHITECTURE, "model": "resnet101.a1h_in1k"},
        ),
    }


def test_the_ten_models_of_domainnet_are_torchvisions_weights() -> None:
    zoo = read_tables(shipped_zoo())
    shipped = {card.id: card for card in zoo.models}
    assert {run.model for run in zoo.runs if run.source == "domainnet-10x270"} == set(DOMAINNET_WEIGHTS.values())
    for name, node in DOMAINNET_WEIGHTS.items():
        old, new = shipped[node], model_card_from_torchvision(node)
        assert new is not None
        assert new.id == node
        for field in ("family", "timm_name", "parameters", "num_features", "pretrained_on", "imagenet_top1"):
            assert getattr(new, field) == getattr(old, field), (name, field)
        assert new.gmacs == pytest.approx(old.gmacs, abs=0.006)
        assert {step.model for step in new.derived_from} <= published_weights()
        assert new.derived_from[-1].kind is LineageKind.SAME_ARCHITECTURE


def test_torchvision_trained_its_own_convnext() -> None:
    card = model_card_from_torchvision("torchvision/convnext_tiny")
    assert card is not None
    assert card.derived_from == (Lineage(kind=LineageKind.SAME_ARCHITECTURE, model="convnext_tiny.in12k_ft_in1k"),)


def test_what_swag_saw_is_not_guessed() -> None:
    card = model_card_from_torchvision("torchvision/vit_b_16.IMAGENET1K_SWAG_E2E_V1")
    assert card is not None
    assert (card.objective, card.corpora, card.pretrained_on) == (None, (), None)
    assert card.input_size == 384


@pytest.mark.parametrize("name", ["resnet50", "torchvision/resnet51", "ResNet50_Weights.IMAGENET1K_V7"])
def test_other_names_have_no_card(name: str) -> None:
    assert model_card_from_torchvision(name) is None
