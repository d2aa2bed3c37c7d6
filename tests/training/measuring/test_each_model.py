"""Work on each model: what counts as a failure of a model, what is a bug of ours, and what another process needs."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from zoograph.data.images.task import ImageTask, task_from_arrays
from zoograph.data.networks import weights as loading
from zoograph.data.networks.features import extract
from zoograph.data.networks.weights import RANDOM, PretrainedModel
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol
from zoograph.data.tasks.task import LabelledTask, TaskError
from zoograph.training.analysis.relatedness.own_images import rank_on_images
from zoograph.training.analysis.relatedness.relate import Relating
from zoograph.training.executors.executor import ExecutorKind, Where
from zoograph.training.executors.run import Tally
from zoograph.training.executors.work import Resources, Work
from zoograph.training.measuring.each_model import Asked, Look, look_there, look_with_each, once
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig, measure_finetune
from zoograph.training.measuring.measure import measure_models
from zoograph.training.measuring.score import score_models
from zoograph.training.measuring.subject import Failure, Subject
from zoograph.training.runtime.progress import Progress

IMAGES = torch.zeros(6, 3, 32, 32)


def _task() -> ImageTask:
    return task_from_arrays(np.arange(16, dtype=np.uint8).reshape(4, 2, 2), [0, 1, 0, 1], ["a", "b"], "unused")


def for_each_model(subject: Subject, look: Look) -> tuple[list[Any], list[Failure]]:
    """Look with each model once; return what came back, in order, and what failed."""
    found: list[Any] = []
    asked = [Asked(place, place) for place in range(len(subject.models))]
    return found, look_with_each(subject, _task(), look, asked, lambda _, result: found.append(result))


def _name(model: PretrainedModel, _: LabelledTask, place: int, __: Progress | None) -> str:
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


def _extract(*_: object) -> None:
    extract(_Odd(), [IMAGES])


def _finetune(*_: object) -> None:
    labels = torch.arange(6) % 2
    measure_finetune(_Odd(), IMAGES, labels, IMAGES, labels, FinetuneConfig(max_epochs=1))


@pytest.mark.parametrize("work", [_extract, _finetune])
def test_a_network_that_cannot_look_at_images_is_a_failure(work: Look) -> None:
    results, (failure,) = for_each_model(Subject(["test_vit"], "unused", weights=RANDOM), work)
    assert results == []
    assert failure.reason.startswith("The network must take images of shape (")


def test_a_model_that_is_too_large_for_the_machine_is_a_failure() -> None:
    def work(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 20 GiB.")

    _, failures = for_each_model(Subject(["test_vit"], "unused", weights=RANDOM), work)
    assert failures == [Failure("test_vit", "CUDA out of memory.")]


@pytest.mark.parametrize("error", [AttributeError, TypeError, ValueError, RuntimeError, AssertionError, LookupError])
def test_a_bug_of_ours_is_none(error: type[Exception]) -> None:
    def work(*_: object) -> None:
        raise error("planted")

    with pytest.raises(error, match="planted"):
        for_each_model(Subject(["test_vit"], "unused", weights=RANDOM), work)


def test_a_bug_in_loading_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def planted(_: object) -> str:
        raise AttributeError("planted")

    monkeypatch.setattr(loading, "hash_tensors", planted)
    with pytest.raises(AttributeError, match="planted"):
        for_each_model(Subject(["test_vit"], "unused", weights=RANDOM), _name)


def test_a_model_that_cannot_be_had_fails_once_however_much_is_asked() -> None:
    asked = [Asked(0, 0), Asked(0, 1), Asked(1, 2)]
    found: list[Any] = []
    subject = Subject(["resnett18", "test_vit"], "unused", weights=RANDOM)
    (failure,) = look_with_each(subject, _task(), _name, asked, lambda place, result: found.append((place, result)))
    assert failure.model == "resnett18"
    assert found == [(1, "2 test_vit")]


def test_what_is_made_once_is_kept_for_the_call_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(loading, "hash_tensors", lambda _: loaded.append("weights") or "0" * 64)
    made: list[int] = []

    def look(_: object, __: object, request: int, ___: object) -> list[int]:
        return once("list", lambda: made.append(request) or list(made))

    subject = Subject(["test_vit"], "unused", weights=RANDOM)
    for _ in range(2):
        look_with_each(subject, _task(), look, [Asked(0, 1), Asked(0, 2)], lambda *_: None)
    assert made == [1, 1]
    assert loaded == ["weights"] * 2


def _compare(model: PretrainedModel, task: LabelledTask, request: Any, progress: Progress | None) -> tuple[str, str]:
    return model.digest, task.digest


def test_another_process_opens_the_same_samples_or_says_that_they_are_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, shade in (("cat/1", 10), ("cat/2", 20), ("dog/1", 200), ("dog/2", 210)):
        path = tmp_path / "pets" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (shade, 0, 0)).save(path)
    monkeypatch.chdir(tmp_path)
    pieces: list[Any] = []

    def remember(executor: object, works: list[Work], *_: object, **__: object) -> Tally:
        pieces.extend(work.payload for work in works)
        return Tally()

    monkeypatch.setattr("zoograph.training.measuring.each_model.run_all", remember)
    subject = Subject(["test_vit"], "pets", weights=RANDOM)
    task = subject.open()
    where = Where(ExecutorKind.PROCESSES, 1)
    look_with_each(subject, task, _compare, [Asked(0, None)], lambda *_: None, where=where)
    (piece,) = pickle.loads(pickle.dumps(pieces))
    assert piece.subject.dataset == str(tmp_path / "pets")
    monkeypatch.chdir(tmp_path.parent)
    assert look_there(piece, None)[1] == task.digest

    (tmp_path / "pets" / "cat" / "3.png").write_bytes((tmp_path / "pets" / "cat" / "1.png").read_bytes())
    other = replace(piece, run="another call")
    with pytest.raises(TaskError, match=r"The dataset '.*pets' must hold the same images everywhere .got others on"):
        look_there(other, None)


@pytest.mark.slow
def test_scores_heads_and_bounds_are_the_same_in_other_processes(
    toy_zoo: Collection, tmp_path: Path, paint_classes: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = paint_classes(tmp_path / "animals"), tmp_path / "other"
    for place, name in enumerate(("fern", "moss", "oak")):
        shutil.copytree(sorted(folder.iterdir())[place], other / name)
    monkeypatch.chdir(tmp_path)
    subject = Subject(["test_vit", "nobody", "test_resnet"], "animals", weights=RANDOM, device="cpu")
    one = Where(resources=Resources(1))
    found = []
    for where in (one, Where(ExecutorKind.PROCESSES, 2)):
        monkeypatch.setenv("ZOOGRAPH_HOME", str(tmp_path / where.kind.value))  # nothing is known of the call before
        scores = score_models(subject, ["logme", "otce"], reference="other", where=where)
        heads = measure_models(subject, Protocol.HEAD, 2, where=where)
        bounds = rank_on_images(subject, "other", Relating(samples=20), stored=True, where=where)
        assert [failure.model for failure in scores.failures] == ["nobody"]
        found.append(
            (
                [(pair.model, pair.scores) for pair in scores.pairs],
                [(run.model, run.seed, run.value, run.train_size) for run in heads.runs],
                [(bound.model, bound.bound) for bound in bounds.models],
                bounds.stored,
            )
        )
    assert found[0] == found[1]
    again = measure_models(subject, Protocol.HEAD, 3, where=one, fresh=False)
    assert [run.seed for run in again.runs] == [0, 1, 2] * 2
    assert again.runs[:2] == heads.runs[:2]
