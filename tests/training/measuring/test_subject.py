"""Models and a dataset that are looked at: what is found out before anything is."""

from __future__ import annotations

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.training.measuring.subject import Subject


def test_weights_belong_to_one_model() -> None:
    with pytest.raises(ZoographError, match=r"belongs to one model \(got 2\)"):
        Subject(["a", "b"], "unused", weights="mine.safetensors").open()


def test_a_device_that_is_not_there() -> None:
    assert Subject(["a"], "unused", device="cpu").place() == torch.device("cpu")
    with pytest.raises(ZoographError, match="The device 'abacus' cannot be used"):
        Subject(["a"], "unused", device="abacus").place()
