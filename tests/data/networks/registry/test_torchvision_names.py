from __future__ import annotations

import pytest

from zoograph.data.networks.registry.torchvision_names import canonical_torchvision_name


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("torchvision/convnext_tiny.IMAGENET1K_V1", "torchvision/convnext_tiny.IMAGENET1K_V1"),
        ("torchvision/resnet50", "torchvision/resnet50.IMAGENET1K_V2"),
        ("torchvision/resnet50.DEFAULT", "torchvision/resnet50.IMAGENET1K_V2"),
        ("ConvNeXt_Tiny_Weights.IMAGENET1K_V1", "torchvision/convnext_tiny.IMAGENET1K_V1"),
        ("torchvision.models.Wide_ResNet50_2_Weights.IMAGENET1K_V1", "torchvision/wide_resnet50_2.IMAGENET1K_V1"),
        ("ViT_B_16_Weights.IMAGENET1K_SWAG_E2E_V1", "torchvision/vit_b_16.IMAGENET1K_SWAG_E2E_V1"),
        ("ResNet50_Weights.IMAGENET1K_V9", None),
        ("torchvision/resnet51", None),
        ("resnet50", None),
        ("resnet50.tv_in1k", None),
    ],
)
def test_spellings(name: str, canonical: str | None) -> None:
    assert canonical_torchvision_name(name) == canonical


def test_every_enumeration_of_torchvision_is_one_node() -> None:
    from torchvision import models

    count = 0
    for architecture in models.list_models(module=models):
        for member in models.get_model_weights(architecture):
            node = f"torchvision/{architecture}.{member.name}"
            assert canonical_torchvision_name(node) == node
            assert canonical_torchvision_name(f"{type(member).__name__}.{member.name}") == node
            count += 1
    assert count > 100
