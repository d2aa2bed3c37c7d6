"""The pretend device: arithmetic as on the CPU, and no mixing with it."""

from __future__ import annotations

import pytest
import torch

from zoograph.data.testing.pretend_device import PRETEND, PretendDevice


def test_numbers_are_those_of_the_cpu_and_stay_there() -> None:
    matrix = torch.arange(6.0).reshape(2, 3)
    with PretendDevice():
        there = matrix.to(PRETEND)
        made = torch.ones(2, device=PRETEND) @ there + torch.tensor([1.0, 0.0, 0.0], device=there.device)
        assert made.device == PRETEND
        assert made.tolist() == [4.0, 5.0, 7.0]
        there[:, 0] = 9.0
        assert there.cpu().tolist() == [[9.0, 1.0, 2.0], [9.0, 4.0, 5.0]]
        assert float(there.sum()) == 30.0


def test_two_devices_do_not_meet() -> None:
    with PretendDevice():
        there = torch.ones(3).to(PRETEND)
        with pytest.raises(RuntimeError, match="tensors on two devices"):
            there + torch.ones(3)
        assert (there + torch.ones(())).tolist() == [2.0, 2.0, 2.0]  # a single number is no tensor to a device
