"""Measured accuracies of own pairs: which images are read, in which order, and what a run says."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import torch
from PIL import Image

from zoograph.data.errors import ZoographError
from zoograph.data.images.task import ImageTask, ImageTaskError, make_task
from zoograph.data.networks.weights import RANDOM, PretrainedModel, load_pretrained
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.training.measuring import measure as module
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig, FinetuneResult
from zoograph.training.measuring.head import HeadResult
from zoograph.training.measuring.measure import Transfer, _below_head, make_run, measure_finetune_on, measure_models
from zoograph.training.measuring.pictures import Pictures
from zoograph.training.measuring.subject import Subject


def _task(size: int = 12, corrupt: tuple[int, ...] = ()) -> ImageTask:
    def read(row: int) -> bytes | Image.Image:
        return b"garbage" if row in corrupt else Image.new("RGB", (2, 2), (row, 0, 0))

    return make_task("pets", "x", ["cat", "dog"], [f"{i}.png" for i in range(size)], [0, 1] * (size // 2), read)


@pytest.fixture
def model() -> PretrainedModel:
    card = ModelCard(id="toy", source="test")
    return PretrainedModel(card, torch.nn.Linear(1, 1), "0" * 64, lambda image: torch.tensor(image.getpixel((0, 0))))


def test_pictures_are_read_in_the_order_that_is_asked_for(model: PretrainedModel) -> None:
    pictures = Pictures(_task(), model)
    assert len(pictures) == 12
    assert [int(picture[0]) for picture in pictures.read([5, 0, 11])] == [5, 0, 11]


def test_many_pictures_are_read_by_other_processes_in_the_same_order(
    model: PretrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zoograph.data.images.loading.default_workers", lambda num_images: 2)
    rows = [*range(39, -1, -1), 3]
    assert [int(picture[0]) for picture in Pictures(_task(40), model).read(rows)] == rows
    seen = PretrainedModel(model.card, model.network, model.digest, lambda image: torch.tensor([os.getpid()]))
    assert os.getpid() not in {int(picture[0]) for picture in Pictures(_task(40), seen).read(rows)}


def test_a_picture_that_cannot_be_read_is_named(model: PretrainedModel) -> None:
    pictures = Pictures(_task(corrupt=(3,)), model).read([1, 3])
    assert int(next(pictures)[0]) == 1
    with pytest.raises(
        ImageTaskError,
        match=r"The image '3\.png' must be readable \(got one that is .* no image\)\. Repair or remove it\.",
    ):
        next(pictures)


@pytest.mark.parametrize("protocol", [Protocol.NATIVE, Protocol.ZERO_SHOT, Protocol.PROBE])
def test_what_trains_nothing_is_not_measured(protocol: Protocol) -> None:
    with pytest.raises(ZoographError, match=rf"does head or finetune to a model \(got '{protocol.value}'\)"):
        measure_models(Subject(["resnet18"], "pets"), protocol)


def test_fine_tuning_splits_a_task_by_class_and_keeps_its_checkpoint_in_the_home(
    model: PretrainedModel, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(module, "measure_finetune", lambda *given, **named: asked.append((given, named)))
    for seed in (0, 1):
        measure_finetune_on(model, _task(20), 0.2, seed, FinetuneConfig())
    (_, train, train_labels, test, test_labels, _, seed, _), _ = asked[1]
    assert (len(train), len(test), seed) == (16, 4, 1)
    assert torch.bincount(train_labels).tolist() == [8, 8]
    assert torch.bincount(test_labels).tolist() == [2, 2]
    rows = [int(picture[0]) for picture in (*train.read(range(16)), *test.read(range(4)))]
    assert sorted(rows) == list(range(20))
    assert [row % 2 for row in rows] == [*train_labels.tolist(), *test_labels.tolist()]
    paths = [named["checkpoint"] for _, named in asked]
    assert paths[0] != paths[1]
    assert {path.parent for path in paths} == {home / "cache" / "finetune"}


def test_runs_that_the_store_has_are_measured_again_only_if_that_is_asked_for(
    toy_zoo: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def counted(features: object, fraction: float, seed: int) -> object:
        seeds.append(seed)
        return measure_head_on(features, fraction, seed)

    seeds: list[int] = []
    measure_head_on = module.measure_head_on
    monkeypatch.setattr(module, "measure_head_on", counted)
    monkeypatch.setattr("zoograph.training.measuring.subject.open_task", lambda *_: _task(40))
    subject = Subject(["test_vit"], "pets", weights=RANDOM)
    first = measure_models(subject, Protocol.HEAD)
    both = measure_models(subject, Protocol.HEAD, seeds=2, fresh=False)
    assert seeds == [0, 1]
    assert both.runs[0] == first.runs[0]
    assert [run.seed for run in both.runs] == [0, 1]
    assert (first.num_known, both.num_known) == (0, 1)
    measure_models(subject, Protocol.HEAD, test_fraction=0.4, fresh=False)  # other settings
    measure_models(subject, Protocol.HEAD)
    assert seeds == [0, 1, 0, 0]


def test_the_seconds_of_a_head_are_those_of_its_features_too(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    def slow(*given: object, **named: object) -> object:
        time.sleep(0.2)
        return extract_features(*given, **named)

    extract_features = module.extract_features
    monkeypatch.setattr(module, "extract_features", slow)
    monkeypatch.setattr(module, "measure_head_on", lambda *_: HeadResult(0.9, 0.1, 0.9, 24, 16, 0.01))
    done = Transfer(Protocol.HEAD).of(load_pretrained("test_vit", RANDOM), _task(40), "mine")
    assert done.result.seconds > 0.2


def test_a_split_that_says_nothing_is_refused_before_a_model_is_looked_at(
    toy_zoo: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("zoograph.training.measuring.subject.open_task", lambda *_: _task(2))
    monkeypatch.setattr("zoograph.data.networks.encoders.load_pretrained", lambda name, *_: asked.append(name))
    for protocol in (Protocol.HEAD, Protocol.FINETUNE):
        with pytest.raises(ZoographError, match=r"'pets' must have two images, .* \(got 2 classes of one image each\)"):
            measure_models(Subject(["test_vit"], "pets"), protocol)
    assert asked == []


def test_runs_are_stored_with_their_seeds_and_failures_are_told(
    toy_zoo: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zoograph.training.measuring.subject.open_task", lambda *_: _task(40))
    steps: list[tuple[int, int]] = []
    monkeypatch.setattr(
        "zoograph.data.networks.encoders.load_pretrained", lambda name, *_: load_pretrained(name, RANDOM)
    )
    report = measure_models(
        Subject(["test_vit", "nobody"], "pets"), Protocol.HEAD, seeds=2, progress=lambda *step: steps.append(step)
    )
    assert report.dataset == "pets"
    assert [run.seed for run in report.runs] == [0, 1]
    assert {(run.train_size, run.test_size, run.protocol) for run in report.runs} == {(28, 12, Protocol.HEAD)}
    assert all(run.hyperparameters["test_fraction"] == 0.3 for run in report.runs)
    assert [failure.model for failure in report.failures] == ["nobody"]
    assert steps[-1] == (2, 2)  # two seeds of the one model that is known
    with RecordStore.open() as store:
        stored = store.snapshot().runs
        assert store.batches()[0].origin == "measure"
    assert (stored["model"] == report.runs[0].model).sum() == 2


def test_fine_tuning_that_ends_below_its_head_says_so() -> None:
    def ended(accuracy: float, head: float | None) -> list[str]:
        return _below_head("net", FinetuneResult(accuracy, 0.5, 1, 1, 10, 10, 1.0, head))

    (said,) = ended(0.289, 0.794)
    assert said.startswith("Fine-tuning 'net' ended at 0.289, below the head that it began with (0.794). Try a lower")
    assert ended(0.8, 0.794) == ended(0.1, None) == []


def test_fine_tuning_that_gains_nothing_says_that_the_head_was_tested() -> None:
    (said,) = _below_head("net", FinetuneResult(0.794, 0.8, 0, 2, 10, 10, 1.0, 0.794))
    assert said.startswith("No epoch of fine-tuning 'net' was better on the validation samples than the head")
    assert "so the head is what was tested (0.794). Try more '--epochs'" in said


def test_a_transfer_is_stored_under_whatever_name_and_protocol_it_is_given(home: Path) -> None:
    model, task = load_pretrained("test_vit", RANDOM), _task(40)
    done = Transfer(Protocol.HEAD, 0.4).of(model, task, "mine")
    run = make_run(model, "mine", task, "dogs", done, protocol=Protocol.PROBE, shots=12)
    assert (run.model, run.dataset, run.protocol, run.shots) == ("mine", "dogs", Protocol.PROBE, 12)
    assert (run.train_size, run.test_size, run.seed) == (24, 16, 0)
    assert run.value == done.result.accuracy
    assert run.hyperparameters["test_fraction"] == 0.4
    assert f"weights {model.digest[:12]}, images {task.digest[:12]}" in run.source
