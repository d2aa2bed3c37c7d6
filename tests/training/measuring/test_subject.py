"""Models and a dataset that are looked at: what counts as a failure of a model, and what is a bug of ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from zoograph.data.errors import ZoographError
from zoograph.data.networks import weights as loading
from zoograph.data.networks.features import extract
from zoograph.data.networks.weights import RANDOM, PretrainedModel
from zoograph.training.measuring.finetune import FinetuneConfig, measure_finetune
from zoograph.training.measuring.subject import Failure, Subject, for_each_model

IMAGES = torch.zeros(6, 3, 32, 32)


def _name(model: PretrainedModel, place: int) -> str:
    return f"{place} {model.card.timm_name}"


def test_a_model_that_nobody_knows_does_not_stop_the_others() -> None:
    subject = Subject(["test_vit", "resnett18", "test_resnet"], "unused", weights=RANDOM)
    results, (failure,) = for_each_model(subject, _name)
    assert results == ["0 test_vit", "2 test_resnet"]
    assert failure.model == "resnett18"
    assert failure.reason.startswith("Unknown model 'resnett18'.")


@pytest.mark.parametrize("content", [b"", b"garbage", None])
def test_bad_weights_are_a_failure(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "mine.safetensors"
    if content is not None:
        path.write_bytes(content)
    results, (failure,) = for_each_model(Subject(["test_vit"], "unused", weights=str(path)), _name)
    assert results == []
    assert failure.reason.startswith(f"The weights '{path}' must be a ")


@pytest.mark.parametrize("error", [OSError("no network"), RuntimeError("no such tag"), ValueError("?"), KeyError("x")])
def test_a_download_that_fails_is_a_failure(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    import timm

    def refuse(*_: object, **__: object) -> nn.Module:
        raise error

    monkeypatch.setattr(timm, "create_model", refuse)
    results, (failure,) = for_each_model(Subject(["test_vit"], "unused"), _name)
    assert results == []
    start = "The weights of 'test_vit.r160_in1k' must be in the Hugging Face cache or on the hub"
    offline = "HF_HUB_OFFLINE forbids to ask the hub, and the cache does not have them"
    assert failure.reason.startswith(f"{start} (got: {offline if isinstance(error, OSError) else error}). ")


class _Odd(nn.Module):
    """A network with timm's interface, whose forward pass asks for an attribute that it has not."""

    num_classes = 0

    def reset_classifier(self, _: int) -> None:
        self.fc = nn.Linear(3, 2)

    def forward_features(self, images: Tensor) -> Tensor:
        return self.fc(images).norm_pre  # type: ignore[return-value]

    forward = forward_features


def _extract(_: PretrainedModel, __: int) -> None:
    extract(_Odd(), [IMAGES])


def _finetune(_: PretrainedModel, __: int) -> None:
    labels = torch.arange(6) % 2
    measure_finetune(_Odd(), IMAGES, labels, IMAGES, labels, FinetuneConfig(max_epochs=1))


@pytest.mark.parametrize("work", [_extract, _finetune])
def test_a_network_that_cannot_look_at_images_is_a_failure(work: Callable[[PretrainedModel, int], None]) -> None:
    results, (failure,) = for_each_model(Subject(["test_vit"], "unused", weights=RANDOM), work)
    assert results == []
    assert failure.reason.startswith("The network must take images of shape (")


def test_a_model_that_is_too_large_for_the_machine_is_a_failure() -> None:
    def work(_: PretrainedModel, __: int) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 20 GiB.")

    _, failures = for_each_model(Subject(["test_vit"], "unused", weights=RANDOM), work)
    assert failures == [Failure("test_vit", "CUDA out of memory.")]


@pytest.mark.parametrize("error", [AttributeError, TypeError, ValueError, RuntimeError, AssertionError, LookupError])
def test_a_bug_of_ours_is_none(error: type[Exception]) -> None:
    def work(_: PretrainedModel, __: int) -> None:
        raise error("planted")

    with pytest.raises(error, match="planted"):
        for_each_model(Subject(["test_vit"], "unused", weights=RANDOM), work)


def test_a_bug_in_loading_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def planted(_: object) -> str:
        raise AttributeError("planted")

    monkeypatch.setattr(loading, "hash_tensors", planted)
    with pytest.raises(AttributeError, match="planted"):
        for_each_model(Subject(["test_vit"], "unused", weights=RANDOM), _name)


def test_weights_belong_to_one_model() -> None:
    with pytest.raises(ZoographError, match=r"belongs to one model \(got 2\)"):
        Subject(["a", "b"], "unused", weights="mine.safetensors").open()


def test_a_device_that_is_not_there() -> None:
    assert Subject(["a"], "unused", device="cpu").place() == torch.device("cpu")
    with pytest.raises(ZoographError, match="The device 'abacus' cannot be used"):
        Subject(["a"], "unused", device="abacus").place()
