"""The module learns the kernel and the network, each at a rate of its own that falls."""

from __future__ import annotations

import pytest
import torch
from torch.optim.lr_scheduler import LinearLR
from torch_geometric.data import HeteroData

from zoograph.models.evidence.hiding import Hiding
from zoograph.models.evidence.kernel import EvidenceKernel
from zoograph.models.gp.gated_conv import GatedConv
from zoograph.models.gp.structural_gnn import StructuralGNN
from zoograph.training.predictors.hiding_module import HidingModule
from zoograph.training.runtime.trainer import fit_quietly


def _module(graph: HeteroData, ticks: list[None], network: bool = True) -> HidingModule:
    torch.manual_seed(0)
    kernel = EvidenceKernel(StructuralGNN(graph, 4, 2, 1, 4, GatedConv) if network else None)
    return HidingModule(Hiding(graph, kernel), 4, (0.1, 0.01), 0, lambda: ticks.append(None))


def test_the_loss_is_that_of_hiding_and_a_step_is_told_of(graph: HeteroData) -> None:
    ticks: list[None] = []
    module = _module(graph, ticks, network=False)
    rows = torch.arange(0, 90, 2)
    expected = Hiding(graph, module.kernel).loss(rows, torch.Generator().manual_seed(0))
    assert module.training_step(rows, 0).item() == expected.item()
    assert len(ticks) == 1


def test_kernel_and_network_have_rates_of_their_own_that_fall(graph: HeteroData) -> None:
    module = _module(graph, [])
    found = module.configure_optimizers()
    optimizer, schedule = found["optimizer"], found["lr_scheduler"]["scheduler"]  # type: ignore[index]
    assert isinstance(schedule, LinearLR)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.01]  # type: ignore[attr-defined]
    learned = [p for group in optimizer.param_groups for p in group["params"]]  # type: ignore[attr-defined]
    assert len({id(p) for p in learned}) == len(learned) == len(list(module.parameters()))
    optimizer.step()  # type: ignore[attr-defined]
    for _ in range(4):
        schedule.step()
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.002, 0.0002])  # type: ignore[attr-defined]


def test_without_a_network_the_kernel_is_learned_alone(graph: HeteroData) -> None:
    optimizer = _module(graph, [], network=False).configure_optimizers()["optimizer"]
    assert [group["lr"] for group in optimizer.param_groups] == [0.1]  # type: ignore[attr-defined]


def test_steps_move_what_is_learned_and_lower_the_loss(graph: HeteroData) -> None:
    ticks: list[None] = []
    module = _module(graph, ticks)
    rows = torch.arange(90)
    before = {name: parameter.detach().clone() for name, parameter in module.named_parameters()}
    loss = Hiding(graph, module.kernel).loss(rows, torch.Generator().manual_seed(9)).item()
    fit_quietly(module, [rows] * 4)
    assert len(ticks) == 4
    assert not torch.equal(before["kernel.logs.pair"], module.kernel.logs["pair"])
    assert Hiding(graph, module.kernel).loss(rows, torch.Generator().manual_seed(9)).item() < loss
