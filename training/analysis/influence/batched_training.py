"""Batched training of many small networks of one shape: the weights of each are one row of a matrix."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from zoograph.data.collections.glyphs.drawing import seeded

_WARM_UP = 0.2  # of the steps; the rate then falls along half a cosine
_CLIP = 1.0
_EVALUATION_BATCH = 256


@dataclass(frozen=True)
class Schedule:
    """How a network is trained: AdamW on cross-entropy, the rate rising for a fifth of the steps, then falling.

    Attributes:
        steps: batches.
        batch_size: images of a batch.
        learning_rate: highest one.
        weight_decay: of all weights.
        most_shift: pixels that a batch is moved by at most.
    """

    steps: int = 640
    batch_size: int = 16
    learning_rate: float = 8e-3
    weight_decay: float = 0.02
    most_shift: int = 1

    def rate_share(self, step: int) -> float:
        """Return the share of the highest learning rate, in [0, 1], at a step, counted from zero."""
        rise = max(_WARM_UP * self.steps, 1.0)
        if step < rise:
            return (step + 1) / (rise + 1)
        return (1 + math.cos(math.pi * (step + 1 - rise) / (self.steps + 1 - rise))) / 2


def initial_weights(network: nn.Module, seed: int) -> Tensor:
    """Draw the (P,) weights that training begins from.

    Matrices and kernels are normal with a variance of one over the inputs of a unit; the rest is as the network has it.
    """
    rng = seeded("weights", seed)
    parts = []
    for parameter in network.parameters():
        if parameter.ndim < 2:
            parts.append(parameter.detach().reshape(-1))
            continue
        deviation = 1 / math.sqrt(parameter[0].numel())
        drawn = rng.standard_normal(parameter.numel(), dtype=np.float32) * np.float32(deviation)
        parts.append(torch.from_numpy(drawn))
    return torch.cat(parts)


def train_many(
    network: nn.Module,
    start: Tensor,
    images: Tensor,
    labels: Tensor,
    rows: Sequence[NDArray[np.int64]],
    seeds: Sequence[int],
    schedule: Schedule,
) -> Tensor:
    """Train a group of networks, each on images of its own.

    Batches follow from a network's own rows and seed: what becomes of it does not depend on the group, up to rounding,
    and not at all on what other processes do.

    Args:
        network: the shape of all of them, on the device; it has neither batch norm nor dropout.
        start: (G, P) weights to begin from.
        images: (N, 1, S, S) float32, on the device.
        labels: (N,) classes, on the device.
        rows: for each network the images that it may see, at least one.
        seeds: one for each network.
        schedule: of all of them.

    Returns:
        (G, P) weights.
    """
    weights = start.to(images.device, torch.float32, copy=True)
    optimizer = torch.optim.AdamW([weights], lr=schedule.learning_rate, weight_decay=schedule.weight_decay)
    rates = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule.rate_share)
    batches, shifts = _batches(rows, seeds, schedule, images.device)
    step_gradient = _over_models(grad(_loss_of(network)), len(weights))
    for step in range(schedule.steps):
        chosen = batches[:, step]
        moved = torch.stack([images[r].roll(shift, (2, 3)) for r, shift in zip(chosen, shifts[step], strict=True)])
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "There is a performance drop", UserWarning)  # of some architectures
            gradient = step_gradient(weights, moved, labels[chosen])
        weights.grad = gradient * (_CLIP / gradient.norm(dim=1, keepdim=True).clamp(min=_CLIP))  # of each model
        optimizer.step()
        rates.step()
    weights.grad = None
    return weights


@torch.inference_mode()
def see(network: nn.Module, weights: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the (N, D) features and (N, C) logits of images; the weights of the network become these (P,) ones."""
    nn.utils.vector_to_parameters(weights.to(images.device), network.parameters())
    features, logits = [], []
    for batch in images.split(_EVALUATION_BATCH):
        maps = network.forward_features(batch)  # type: ignore[operator]
        features.append(network.forward_head(maps, pre_logits=True))  # type: ignore[operator]
        logits.append(network.forward_head(maps))  # type: ignore[operator]
    return torch.cat(features), torch.cat(logits)


def _loss_of(network: nn.Module) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Return the cross-entropy of one network as a function of (P,) weights, images and labels."""
    named = dict(network.named_parameters())
    sizes = [parameter.numel() for parameter in named.values()]

    def loss(flat: Tensor, images: Tensor, labels: Tensor) -> Tensor:
        parts = zip(named.items(), flat.split(sizes), strict=True)
        held = {name: part.view(parameter.shape) for (name, parameter), part in parts}
        return nn.functional.cross_entropy(functional_call(network, held, (images,)), labels)

    return loss


def _over_models(function: Callable[..., Tensor], count: int) -> Callable[..., Tensor]:
    """Return a function of stacked arguments; one model alone is spared the cost of batching."""
    if count > 1:
        return vmap(function)
    return lambda *stacked: function(*(argument[0] for argument in stacked))[None]


def _batches(
    rows: Sequence[NDArray[np.int64]], seeds: Sequence[int], schedule: Schedule, device: torch.device
) -> tuple[Tensor, list[list[tuple[int, int]]]]:
    """Return (G, steps, B) rows, every image once before one comes again, and for each step the shift of each model."""
    needed, chosen, moves = schedule.steps * schedule.batch_size, [], []
    for own, seed in zip(rows, seeds, strict=True):
        rng = seeded("batches", seed)
        passes = [rng.permutation(own) for _ in range(-(-needed // len(own)))]
        chosen.append(np.concatenate(passes)[:needed].reshape(schedule.steps, schedule.batch_size))
        moves.append(rng.integers(-schedule.most_shift, schedule.most_shift + 1, (schedule.steps, 2)).tolist())
    shifts = [[(one[step][0], one[step][1]) for one in moves] for step in range(schedule.steps)]
    return torch.from_numpy(np.stack(chosen)).to(device), shifts
