"""Architectures: figures from timm without weights, and the proof that a card is one of them."""

from __future__ import annotations

import pytest

from zoograph.data.networks.registry.architectures import Architecture, get_architecture, prove_architecture
from zoograph.data.records.cards import ModelCard


def test_figures_of_a_network_without_its_weights() -> None:
    found = get_architecture("resnet18")
    assert found == Architecture("resnet18", 11_176_512, 512, 224, fixed_input=False)
    assert found.parameters_with_head(1000) == 11_689_512  # as published
    assert get_architecture("vit_tiny_patch16_224").fixed_input


def test_each_head_has_a_weight_a_feature_and_a_bias() -> None:
    assert Architecture("x", 100, 4, 224, fixed_input=False).parameters_with_head(3, heads=2) == 100 + 2 * 5 * 3


TOYS = {
    "convnext_tiny": Architecture("convnext_tiny", 100, 4, 224, fixed_input=False),
    "vit_base_patch16_224": Architecture("vit_base_patch16_224", 100, 4, 224, fixed_input=True),
    "vit_base_patch16_384": Architecture("vit_base_patch16_384", 100, 4, 384, fixed_input=True),
    "deit_tiny_patch16_224": Architecture("deit_tiny_patch16_224", 100, 4, 224, fixed_input=True),
    "deit_tiny_distilled_patch16_224": Architecture("deit_tiny_distilled_patch16_224", 110, 4, 224, fixed_input=True),
}


def _find(name: str) -> Architecture:
    return TOYS.get(name, Architecture(name, 1, 1, 1, fixed_input=True))


def _card(family: str, parameters: int, input_size: int = 224) -> ModelCard:
    return ModelCard(id="m", source="s", family=family, parameters=parameters, num_features=4, input_size=input_size)


@pytest.mark.parametrize(
    ("card", "name"),
    [
        (_card("vit", 110), "vit_base_patch16_224"),
        (_card("vit", 110, 384), "vit_base_patch16_384"),
        (_card("vit", 110, 256), None),  # its position embeddings are for another size
        (_card("convnext", 110, 256), "convnext_tiny"),  # takes any input
        (_card("convnext", 111), None),
        (_card("deit", 130), "deit_tiny_distilled_patch16_224"),  # two heads of ten
        (_card("deit", 120), None),  # one with two heads, or the distilled one with one
        (_card("unheard", 110), None),
    ],
)
def test_the_number_of_parameters_is_the_proof(card: ModelCard, name: str | None) -> None:
    proven = prove_architecture(card, 2, _find)
    assert (proven and proven.name) == name
