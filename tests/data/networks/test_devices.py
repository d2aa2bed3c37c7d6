"""Devices by name, what `auto` chooses, and the precision on each."""

from __future__ import annotations

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.data.networks import devices
from zoograph.data.networks.devices import find_device, half_precision, learning_device, number_device, require_device

BEST = devices._best  # tests compute on the CPU, whatever is there


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_is_the_fastest_that_is_there(
    cuda: bool, mps: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "_best", BEST)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(torch, "empty", lambda *_, **__: None)
    assert [find_device(name).type for name in (None, "auto")] == [expected] * 2


def test_what_is_not_there_or_not_known_is_said() -> None:
    assert find_device("cpu") == torch.device("cpu")
    with pytest.raises(ZoographError, match=r"'abacus' cannot be used \(got none of auto, cuda, mps, cpu, xpu\)"):
        require_device("abacus")
    with pytest.raises(ZoographError, match=r"The device 'cuda:77' cannot be used .* Choose 'auto' or 'cpu'"):
        find_device("cuda:77")
    require_device("cuda:1")
    require_device(None)


def test_only_the_first_sentence_of_a_library_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NotImplementedError("Could not run 'aten::empty' on 'MPS'. This could be because of this. Or of that.")

    monkeypatch.setattr(torch, "empty", refuse)
    with pytest.raises(ZoographError, match=r"\(got: Could not run 'aten::empty' on 'MPS'\)\. Choose 'auto' or 'cpu'"):
        find_device("mps")


def test_numbers_of_mps_are_computed_where_float64_is() -> None:
    assert [number_device(torch.device(name)).type for name in ("cpu", "cuda", "mps")] == ["cpu", "cuda", "cpu"]


def test_a_predictor_is_learned_where_float64_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert learning_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(devices, "find_device", lambda name: torch.device("mps" if name in (None, "auto") else name))
    assert learning_device("auto") == learning_device() == torch.device("cpu")
    assert learning_device("cuda") == torch.device("cuda")
    with pytest.raises(ZoographError, match=r"cannot be learned on 'mps' \(it has no 64-bit numbers\)"):
        learning_device("mps")


def test_cuda_computes_in_the_half_precision_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [half_precision(torch.device(name)) for name in ("cpu", "mps")] == [None, None]
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    assert half_precision(torch.device("cuda")) == torch.bfloat16
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    assert half_precision(torch.device("cuda")) == torch.float16
