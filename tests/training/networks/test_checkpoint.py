"""A network, its optimizer and its schedule go on from a checkpoint as if they had never stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR

from zoograph.training.networks.checkpoint import (
    checkpoint,
    restore_generator,
    restore_network,
    restore_optimizer,
)
from zoograph.training.networks.member_cache import MemberCache

NUM_STEPS = 12


def _made(seed: int) -> tuple[nn.Module, Optimizer, LRScheduler]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = nn.Linear(3, 2)
    optimizer = AdamW(network.parameters(), lr=0.1, weight_decay=1e-2)
    return network, optimizer, OneCycleLR(optimizer, 0.1, total_steps=NUM_STEPS, pct_start=0.3)


def _step(network: nn.Module, optimizer: Optimizer, schedule: LRScheduler, generator: torch.Generator) -> None:
    optimizer.zero_grad()
    network(torch.randn(5, 3, generator=generator)).square().sum().backward()
    optimizer.step()
    schedule.step()


@pytest.mark.parametrize("stop", [1, 3, 8])
def test_it_goes_on_as_if_it_had_never_stopped(tmp_path: Path, stop: int) -> None:
    whole, generator = _made(0), torch.Generator().manual_seed(7)
    cache = MemberCache(tmp_path, "k" * 64)
    for step in range(NUM_STEPS - 1):
        if step == stop:
            cache.save_part(0, checkpoint(*whole, epoch=step, generator=generator.get_state()))
        _step(*whole, generator)

    part = cache.load_part(0)
    assert part is not None
    again = _made(1)
    restore_network(part, again[0])
    restore_optimizer(part, again[1], again[2])
    generator = restore_generator(part)
    for _ in range(part.about["epoch"], NUM_STEPS - 1):
        _step(*again, generator)
    assert all(
        torch.equal(mine, other) for mine, other in zip(whole[0].parameters(), again[0].parameters(), strict=True)
    )
    assert whole[2].get_last_lr() == again[2].get_last_lr()
