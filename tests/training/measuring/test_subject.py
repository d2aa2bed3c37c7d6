"""Models and a dataset that are looked at: what is found out before anything is."""

from __future__ import annotations

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.training.measuring import subject as module
from zoograph.training.measuring.subject import Subject


def test_weights_belong_to_one_model() -> None:
    with pytest.raises(ZoographError, match=r"belongs to one model \(got 2\)"):
        Subject(["a", "b"], "unused", weights="mine.safetensors").open()


def test_a_device_that_is_not_there() -> None:
    assert Subject(["a"], "unused", device="cpu").place() == torch.device("cpu")
    with pytest.raises(ZoographError, match="The device 'abacus' cannot be used"):
        Subject(["a"], "unused", device="abacus").place()


def test_a_device_that_is_not_there_is_told_before_weights_that_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise ZoographError(f"The device '{name}' cannot be used")

    monkeypatch.setattr(module, "find_device", refuse)
    monkeypatch.setattr(module, "check_dataset", lambda *_: None)
    monkeypatch.setattr(module, "require_reachable", lambda models: told.append(models))
    told: list[object] = []
    with pytest.raises(ZoographError, match="The device 'cuda' cannot be used"):
        Subject(["a"], "unused", device="cuda").check()
    assert told == []
    Subject(["a"], "unused", device="auto").check()
    assert told == [["a"]]


def test_weights_that_are_taken_for_published_ones_are_named_in_one_sentence():
    subject = Subject(["a", "b", "c"], "unused", weights="w")
    said = subject.explain_names({0: "a.in1k", 1: "b@0123", 2: "c.in1k"})
    assert said == (
        "The weights in 'w' are taken for the published ones of 'a.in1k', 'c.in1k', on the word of the name that they "
        "have there.",
    )
    assert subject.explain_names({1: "b@0123"}) == ()
    assert Subject(["a"], "unused", weights="random").explain_names({0: "a@0123"}) == ()
