"""Blocks of real architectures, without their weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from zoograph.data.errors import ZoographError
from zoograph.data.networks.blocks import Grouping, network_blocks
from zoograph.data.networks.weights import empty_network


def test_the_published_blocks_of_a_resnet_50() -> None:
    found = network_blocks(empty_network("resnet50"), Grouping.BLOCKS)
    assert len(found.blocks) == 17  # the first convolution and sixteen bottlenecks
    assert list(found.blocks)[:3] == ["conv1", "layer1.0", "layer1.1"]
    assert found.blocks["conv1"] == ("conv1.weight",)
    # A down-sampling convolution counts as the others do.
    names = ("conv1.weight", "conv2.weight", "conv3.weight", "downsample.0.weight")
    assert found.blocks["layer1.0"] == tuple(f"layer1.0.{name}" for name in names)
    assert found.head == ("fc.weight",)


def test_stages_are_the_blocks_put_together() -> None:
    network = empty_network("resnet50")
    stages, blocks = (network_blocks(network, grouping) for grouping in (Grouping.STAGES, Grouping.BLOCKS))
    assert list(stages.blocks) == ["conv1", "layer1", "layer2", "layer3", "layer4"]
    assert sum(stages.blocks.values(), ()) == sum(blocks.blocks.values(), ())


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "convnext_tiny", "efficientnet_b0", "densenet121", "vgg11"])
@pytest.mark.parametrize("grouping", list(Grouping))
def test_every_weight_is_in_one_block_or_in_the_head(name: str, grouping: Grouping) -> None:
    network = empty_network(name)
    found = network_blocks(network, grouping)
    listed = [weight for weights in found.blocks.values() for weight in weights] + list(found.head)
    weights = {name for name, weight in network.named_parameters() if len([n for n in weight.shape if n > 1]) >= 2}
    assert sorted(listed) == sorted(weights)
    assert len(found.head) == 1
    assert not any("norm" in weight or weight.endswith(("bias", "cls_token", "gamma")) for weight in listed)


def test_names_say_what_is_in_a_block() -> None:
    dense = network_blocks(empty_network("densenet121"), Grouping.STAGES)
    assert list(dense.blocks)[:2] == ["features.conv0", "features.denseblock1+transition1.conv"]
    vit = network_blocks(empty_network("vit_tiny_patch16_224"))
    assert list(vit.blocks)[:2] == ["pos_embed+patch_embed.proj", "blocks.0"]


def test_both_heads_of_a_distilled_transformer_are_the_head() -> None:
    found = network_blocks(empty_network("deit_tiny_distilled_patch16_224"))
    assert found.head == ("head.weight", "head_dist.weight")


def test_a_network_without_groups() -> None:
    with torch.device("meta"), pytest.raises(ZoographError, match=r"layers that timm groups .*'Linear'"):
        network_blocks(nn.Linear(2, 2))
