"""Many networks at once: the same as one by one, whatever the group."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from timm.models.resnetv2 import ResNetV2
from torch import nn

from zoograph.training.analysis.influence.batched_training import Schedule, initial_weights, see, train_many
from zoograph.training.analysis.influence.recipe import Recipe
from zoograph.training.studies.influence.planted import make_planted_case

COURSE = Schedule(steps=6, batch_size=8)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return make_planted_case().recipe.create(4)


@pytest.fixture(scope="module")
def images() -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    return torch.randn(24, 1, 32, 32, generator=random), torch.arange(24) % 4


def train(network: nn.Module, images: tuple[torch.Tensor, torch.Tensor], seeds: list[int]) -> torch.Tensor:
    start = torch.stack([initial_weights(network, seed) for seed in seeds])
    rows = [np.flatnonzero(np.arange(24) % 4 != seed % 4) for seed in seeds]
    return train_many(network, start, *images, rows, seeds, COURSE)


def test_group_sizes_agree(network: nn.Module, images: tuple[torch.Tensor, torch.Tensor]) -> None:
    together = train(network, images, [0, 1, 2, 3])
    for seed in range(4):
        assert torch.allclose(train(network, images, [seed])[0], together[seed], atol=2e-5)
    assert not torch.allclose(together[0], together[1], atol=1e-2)


def test_same_seed_gives_the_same_bits(network: nn.Module, images: tuple[torch.Tensor, torch.Tensor]) -> None:
    assert torch.equal(train(network, images, [2, 5]), train(network, images, [2, 5]))


def test_step_is_that_of_adamw(network: nn.Module, images: tuple[torch.Tensor, torch.Tensor]) -> None:
    """The same batches through one network, its own clipping and its own optimiser give the same weights."""
    schedule = Schedule(steps=5, batch_size=24, most_shift=0)
    start = initial_weights(network, 3)[None]
    found = train_many(network, start, *images, [np.arange(24)], [3], schedule)[0]
    other = make_planted_case().recipe.create(4)
    nn.utils.vector_to_parameters(start[0].clone(), other.parameters())
    optimizer = torch.optim.AdamW(other.parameters(), weight_decay=schedule.weight_decay)
    for step in range(schedule.steps):
        optimizer.param_groups[0]["lr"] = schedule.learning_rate * schedule.rate_share(step)
        optimizer.zero_grad()
        nn.functional.cross_entropy(other(images[0]), images[1]).backward()
        nn.utils.clip_grad_norm_(other.parameters(), 1.0)
        optimizer.step()
    assert torch.allclose(nn.utils.parameters_to_vector(other.parameters()), found, atol=1e-6)


def test_only_own_images_count(network: nn.Module, images: tuple[torch.Tensor, torch.Tensor]) -> None:
    pictures, labels = images
    changed = torch.where((labels == 1)[:, None, None, None], torch.randn_like(pictures), pictures)
    assert torch.equal(train(network, images, [1, 5]), train(network, (changed, labels), [1, 5]))


def test_learns_and_sees(network: nn.Module) -> None:
    random = torch.Generator().manual_seed(1)
    labels = torch.arange(40) % 4
    pictures = torch.randn(40, 1, 32, 32, generator=random) * 0.2 + labels[:, None, None, None].float() - 1.5
    pictures[:, :, :, :16] += (labels % 2)[:, None, None, None].float()
    start = initial_weights(network, 0)[None]
    weights = train_many(network, start, pictures, labels, [np.arange(40)], [0], Schedule(40, 20, most_shift=0))
    features, logits = see(network, weights[0], pictures)
    assert (logits.argmax(1) == labels).float().mean() > 0.9
    assert features.shape == (40, network.num_features)
    assert torch.allclose(network(pictures), logits, atol=1e-5)


def test_sees_with_a_classifier_that_reads_maps() -> None:
    network = ResNetV2((1, 1, 1, 1), (128, 128, 128, 128), num_classes=3, in_chans=1).eval()
    images = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    features, logits = see(network, initial_weights(network, 0), images)
    assert features.shape == (2, 128)
    with torch.inference_mode():
        assert torch.equal(logits, network(images))


def test_rate_rises_and_falls() -> None:
    rates = [Schedule(steps=50).rate_share(step) for step in range(50)]
    peak = int(np.argmax(rates))
    assert peak in (9, 10)
    assert all(np.diff(rates[: peak + 1]) > 0)
    assert all(np.diff(rates[peak:]) < 0)
    assert 0 < rates[-1] < 0.02
    assert 0.9 < rates[peak] <= 1.0


def test_initial_weights_are_scaled_by_inputs() -> None:
    network = Recipe().create(5)
    weights = initial_weights(network, 0)
    parts = weights.split([parameter.numel() for parameter in network.parameters()])
    for (name, parameter), part in zip(network.named_parameters(), parts, strict=True):
        if parameter.ndim > 1 and parameter.numel() > 500:
            assert float(part.std()) * parameter[0].numel() ** 0.5 == pytest.approx(1, rel=0.15), name
        if parameter.ndim == 1:
            assert torch.equal(part, parameter.detach())
    assert torch.equal(weights, initial_weights(network, 0))
    assert not torch.equal(weights, initial_weights(network, 1))
