from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from zoograph.data.errors import FoldsError
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig, FinetuneResult, measure_finetune
from zoograph.training.measuring.head import measure_head

CONFIG = FinetuneConfig(max_epochs=5, patience=5, batch_size=16, learning_rate=3e-2)


class Toy(nn.Module):
    """A small convolutional network with timm's ``reset_classifier``, normalisation and dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.1))
        self.fc = nn.Linear(8, 1000)

    def reset_classifier(self, num_classes: int) -> None:
        self.fc = nn.Linear(8, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(self.body(images).mean((2, 3)))


@pytest.fixture
def model() -> Toy:
    torch.manual_seed(0)
    return Toy()


@pytest.fixture(scope="module")
def split() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Noise in which the channel that is brighter tells the class; 65 + 60 images."""
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(125) % 3
    images = torch.randn(125, 3, 8, 8, generator=random)
    images[torch.arange(125), labels] += 1.0
    return images[:65], labels[:65] * 10, images[65:], labels[65:] * 10


def _facts(result: FinetuneResult) -> tuple[Any, ...]:
    return result.accuracy, result.validation_accuracy, result.best_epoch, result.num_epochs


def test_learns_what_there_is_to_learn(model: Toy, split: Any) -> None:
    steps: list[tuple[int, int]] = []
    result = measure_finetune(model, *split, CONFIG, progress=lambda *step: steps.append(step))
    assert result.accuracy > 0.8
    assert (result.num_train, result.num_test) == (65, 60)
    assert 1 <= result.best_epoch <= result.num_epochs <= 5
    assert steps == [(epoch, 5) for epoch in range(1, result.num_epochs + 1)]


def test_every_weight_is_trained_and_the_model_is_left_alone(
    model: Toy, split: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    tuned: dict[str, Tensor] = {}
    load = Toy.load_state_dict
    monkeypatch.setattr(Toy, "load_state_dict", lambda self, state, **rest: tuned.update(state) or load(self, state))
    state = torch.random.get_rng_state()
    measure_finetune(model, *split, CONFIG)
    assert all(not torch.equal(tuned[name], before[name]) for name in before if tuned[name].is_floating_point())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert model.fc.out_features == 1000
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_weights_that_were_tested_can_be_kept(model: Toy, split: Any, tmp_path: Path) -> None:
    kept: list[dict[str, Tensor]] = []
    path = tmp_path / "run.safetensors"

    def keep(weights: dict[str, Tensor]) -> None:
        assert path.exists()  # who is killed while keeping can ask again
        kept.append(weights)

    result = measure_finetune(model, *split, CONFIG, checkpoint=path, keep=keep)
    (weights,) = kept
    tuned = Toy().eval()
    tuned.reset_classifier(3)
    tuned.load_state_dict(weights)
    assert float((tuned(split[2]).argmax(1) * 10 == split[3]).float().mean()) == pytest.approx(result.accuracy)
    assert not torch.equal(weights["body.0.weight"], model.body[0].weight)


def test_the_same_seed_gives_the_same_result(model: Toy, split: Any) -> None:
    config = FinetuneConfig(max_epochs=2, learning_rate=1e-3)
    results = []
    for seed in (0, 0, 1):
        torch.manual_seed(len(results))
        results.append(_facts(measure_finetune(model, *split, config, seed=seed)))
    assert results[0] == results[1] != results[2]


def test_stops_when_it_does_not_get_better(model: Toy, split: Any) -> None:
    frozen = FinetuneConfig(max_epochs=9, patience=2, learning_rate=0.0)
    model.body[1].momentum = 0.0  # nor do the statistics of the images change it
    result = measure_finetune(model, *split, frozen)
    assert (result.best_epoch, result.num_epochs) == (1, 3)


def test_images_can_be_read_by_row(model: Toy, split: Any) -> None:
    class Rows:
        def __init__(self, images: Tensor) -> None:
            self.images = images

        def __len__(self) -> int:
            return len(self.images)

        def read(self, rows: Sequence[int]) -> Iterator[Tensor]:
            assert all(isinstance(row, int) for row in rows)
            yield from self.images[rows]

    train, train_labels, test, test_labels = split
    by_row = measure_finetune(model, Rows(train), train_labels, Rows(test), test_labels, CONFIG)
    assert _facts(by_row) == _facts(measure_finetune(model, *split, CONFIG))


def test_a_test_class_without_training_images_is_an_error_of_the_network(model: Toy, split: Any) -> None:
    train, train_labels, test, test_labels = split
    full = measure_finetune(model, *split, CONFIG).accuracy
    for absent in (-5, 15, 99):
        mixed = torch.cat([test_labels, torch.full_like(test_labels, absent)])
        result = measure_finetune(model, train, train_labels, torch.cat([test, test]), mixed, CONFIG)
        assert result.accuracy == full / 2


# -- taking up again ------------------------------------------------------------------------------


class Killed(Exception):
    """Stands for the end of the process."""


def _kill_at(epoch: int) -> Callable[[int, int], None]:
    def progress(done: int, _: int) -> None:
        if done == epoch:
            raise Killed

    return progress


@pytest.mark.parametrize("epoch", [1, 3, 5])
def test_an_interrupted_run_ends_as_if_it_had_not_been(model: Toy, split: Any, tmp_path: Path, epoch: int) -> None:
    whole = measure_finetune(model, *split, CONFIG)
    path = tmp_path / "run.safetensors"
    with pytest.raises(Killed):
        measure_finetune(model, *split, CONFIG, progress=_kill_at(epoch), checkpoint=path)
    steps: list[int] = []
    resumed = measure_finetune(model, *split, CONFIG, progress=lambda done, _: steps.append(done), checkpoint=path)
    assert _facts(resumed) == _facts(whole)
    assert steps == list(range(epoch + 1, 6))
    assert not path.exists()


@pytest.mark.parametrize("fault", ["damaged", "another run"])
def test_a_checkpoint_that_does_not_fit_is_replaced(
    model: Toy, split: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    path = tmp_path / "run.safetensors"
    with pytest.raises(Killed):
        measure_finetune(model, *split, CONFIG, seed=int(fault == "another run"), progress=_kill_at(1), checkpoint=path)
    if fault == "damaged":
        path.write_bytes(path.read_bytes()[:-1])
    with caplog.at_level(logging.WARNING):
        result = measure_finetune(model, *split, CONFIG, checkpoint=path)
    assert _facts(result) == _facts(measure_finetune(model, *split, CONFIG))
    assert f"{fault}, and fine-tuning starts anew" in caplog.text


# -- what cannot be measured ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("train_labels", "num_test", "message"),
    [
        ([1, 1, 1], 2, "training images of two classes"),
        ([0, 1, 2], 2, "a class with two training samples"),
        ([0, 1, 1], 0, r"needs test images \(got none\)"),
    ],
)
def test_tasks_that_are_too_small(model: Toy, train_labels: list[int], num_test: int, message: str) -> None:
    images = torch.zeros(3, 3, 8, 8)
    with pytest.raises(FoldsError, match=message):
        measure_finetune(model, images, torch.tensor(train_labels), images[:num_test], torch.arange(num_test), CONFIG)


def test_labels_that_do_not_fit(model: Toy, split: Any) -> None:
    with pytest.raises(ValueError, match="one label for each image"):
        measure_finetune(model, split[0], split[1][:-1], *split[2:])


def test_given_images_are_stopped_by(model: Toy, split: Any) -> None:
    train, train_labels, test, test_labels = split
    given = torch.arange(65) >= 45
    wrong = torch.where(given, (train_labels + 10) % 30, train_labels)
    result = measure_finetune(model, train, wrong, test, test_labels, CONFIG, validation=given)
    assert result.num_train == 65
    assert result.validation_accuracy < 0.5


# -- the head first -------------------------------------------------------------------------------


class Linear(Toy):
    """The toy with the rest of timm's interface."""

    num_classes = 1000

    def get_classifier(self) -> nn.Linear:
        return self.fc

    def forward_features(self, images: Tensor) -> Tensor:
        return self.body(images)

    def forward_head(self, body: Tensor, pre_logits: bool = False) -> Tensor:
        pooled = body.mean((2, 3))
        return pooled if pre_logits else self.fc(pooled)


def test_it_begins_as_the_retrained_head_and_never_ends_below_it_on_validation(split: Any) -> None:
    torch.manual_seed(0)
    harmful = FinetuneConfig(max_epochs=3, batch_size=16, learning_rate=5.0)
    result = measure_finetune(Linear(), *split, harmful)
    train, train_labels, test, test_labels = split
    torch.manual_seed(0)
    network = Linear().eval()
    with torch.no_grad():
        features = [network.forward_head(network.forward_features(images), True) for images in (train, test)]
    head = measure_head(features[0], train_labels, features[1], test_labels)
    assert result.head_accuracy == pytest.approx(head.accuracy, abs=0.07)
    assert (result.best_epoch, result.accuracy) == (0, result.head_accuracy)
    without = measure_finetune(Linear(), *split, replace(harmful, head_first=False, learning_rate=1e-9))
    assert without.head_accuracy is None
    assert without.accuracy < result.accuracy


def test_an_interrupted_run_knows_its_head(split: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, path = Linear(), tmp_path / "run.safetensors"
    whole = measure_finetune(model, *split, CONFIG)
    with pytest.raises(Killed):
        measure_finetune(model, *split, CONFIG, progress=_kill_at(2), checkpoint=path)
    resumed = measure_finetune(model, *split, CONFIG, checkpoint=path)
    assert _facts(resumed) == _facts(whole)
    assert resumed.head_accuracy == whole.head_accuracy is not None
