from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from zoograph.data.collections.glyphs.models import CORPORA, SourceModel, to_input
from zoograph.training.studies.glyph_zoo import sources
from zoograph.training.studies.glyph_zoo.sources import draw_weights, measure_accuracy, train_source

_CORPUS = replace(CORPORA["latin"], characters="LOX", train_per_class=40, test_per_class=20)


def test_training_teaches() -> None:
    corpus = replace(_CORPUS, train_per_class=100)
    images, labels = corpus.draw("train")
    held, truth = to_input(corpus.draw("test")[0]), torch.from_numpy(corpus.draw("test")[1])
    network = train_source(SourceModel("efficientnet", corpus, 10), to_input(images), torch.from_numpy(labels))
    assert measure_accuracy(network, held, truth) > 0.7


def test_training_starts_from_the_weights_that_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "fit_quietly", lambda *_, **__: None)
    model = SourceModel("resnet", _CORPUS, 1)
    begun = train_source(model, torch.zeros(24, 1, 32, 32), torch.arange(24) % 3, seed=3).state_dict()
    drawn, other = (draw_weights(model, seed).state_dict() for seed in (3, 4))
    assert all(torch.equal(begun[name], drawn[name]) for name in begun)
    assert not all(torch.equal(begun[name], other[name]) for name in begun)


def test_training_repeats_itself() -> None:
    images, labels = to_input(_CORPUS.draw("train")[0]), torch.from_numpy(_CORPUS.draw("train")[1])
    model = SourceModel("resnet", _CORPUS, 2)
    one, other = (train_source(model, images, labels, seed=3).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], tensor) for name, tensor in other.items())


def test_the_seed_decides_the_weights_and_the_caller_keeps_its_random_numbers() -> None:
    images, labels = to_input(_CORPUS.draw("test")[0]), torch.from_numpy(_CORPUS.draw("test")[1])
    model = SourceModel("efficientnet", _CORPUS, 1)
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    one, other = (train_source(model, images, labels, seed=seed) for seed in (0, 1))
    assert torch.equal(torch.rand(1), expected)
    assert not torch.equal(next(one.parameters()), next(other.parameters()))


def test_accuracy_counts_what_is_right() -> None:
    flat = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Identity())
    images = torch.eye(4).reshape(4, 1, 2, 2).repeat(100, 1, 1, 1)
    labels = torch.tensor([0, 1, 2, 0]).repeat(100)
    assert measure_accuracy(flat, images, labels) == 0.75
