"""Counting on shapes alone: a network whose figures can be worked out by hand, and published ones."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from zoograph.data.networks.registry.figures import NetworkFigures, count_figures


class _Toy(nn.Module):
    num_features = 8

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding="same")
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 5)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.norm(self.conv(images)).mean((2, 3)))


class _Attention(nn.Module):
    num_features = 4
    fused_attn = True

    def forward(self, images: Tensor) -> Tensor:
        tokens = images.flatten(2)  # (1, 3, 16)
        if self.fused_attn:
            raise AssertionError("the fused kernel is opaque")
        return (tokens @ tokens.transpose(1, 2)).softmax(-1) @ tokens


class _Stubborn(nn.Module):
    num_features = 2
    head_hidden_size = 6

    def forward(self, images: Tensor) -> Tensor:
        return images[images > 0]


def _on_meta(kind: type[nn.Module]) -> nn.Module:
    with torch.device("meta"):
        return kind()


def test_a_convolution_and_a_head() -> None:
    figures = count_figures(_on_meta(_Toy), (3, 4, 4))
    assert figures.parameters == (27 * 8 + 8) + 2 * 8 + (8 * 5 + 5)
    assert figures.gmacs == pytest.approx((16 * 8 * 27 + 40) / 1e9)
    assert figures.activations == pytest.approx((16 * 8 + 5) / 1e6)
    assert figures.num_features == 8


def test_both_products_of_attention() -> None:
    figures = count_figures(_on_meta(_Attention), (3, 4, 4))
    assert figures.gmacs == pytest.approx(2 * 3 * 3 * 16 / 1e9)
    assert figures.activations == pytest.approx((3 * 3 + 3 * 16) / 1e6)


def test_a_network_that_needs_values_has_a_size_all_the_same() -> None:
    assert count_figures(_on_meta(_Stubborn), (3, 4, 4)) == NetworkFigures(parameters=0, num_features=6)


def test_published_figures() -> None:
    # torchvision prints 25,557,032 parameters and 4.089 GFLOPS; timm's tables 11.11 million activations.
    import timm

    with torch.device("meta"):
        network = timm.create_model("resnet50")
    figures = count_figures(network, (3, 224, 224))
    assert (figures.parameters, figures.num_features) == (25_557_032, 2048)
    assert figures.gmacs == pytest.approx(4.089, abs=5e-4)
    assert figures.activations == pytest.approx(11.11, abs=5e-3)
