"""What is made of tensors goes to a device whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from zoograph.data.testing.pretend_device import PRETEND, PretendDevice
from zoograph.models.placing import CPU, placed


class _Pair(NamedTuple):
    first: Tensor
    second: Tensor


@dataclass(frozen=True)
class _Made:
    blocks: dict[str, Tensor]
    pair: _Pair
    plain: tuple[Tensor, int]
    name: str
    none: None = None


def test_every_tensor_goes_and_all_else_stays() -> None:
    made = _Made({"a": torch.ones(2)}, _Pair(torch.zeros(1), torch.arange(3)), (torch.ones(1), 7), "name")
    with PretendDevice():
        there = placed(made, PRETEND)
        tensors = [there.blocks["a"], there.pair.first, there.pair.second, there.plain[0]]
        assert [tensor.device for tensor in tensors] == [PRETEND] * 4
        assert there.pair.second.tolist() == [0, 1, 2]
        assert isinstance(there.pair, _Pair)
        assert (there.plain[1], there.name, there.none) == (7, "name", None)
        assert placed(there, CPU).pair.second.device == CPU
    assert made.blocks["a"].device == CPU
