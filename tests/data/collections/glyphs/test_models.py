from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from zoograph.data.collections.glyphs.drawing import DOMAINS, SIDE
from zoograph.data.collections.glyphs.models import ARCHITECTURES, CORPORA, SourceModel, to_input


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_network_takes_grey_images_and_has_a_class_for_every_character(architecture: str) -> None:
    model = SourceModel(architecture, CORPORA["symbols"], 1)
    network = model.create().eval()
    with torch.inference_mode():
        logits = network(torch.zeros(2, 1, SIDE, SIDE))
    assert logits.shape == (2, len(CORPORA["symbols"].characters))
    card = model.card(0.5)
    assert card.id == f"glyph_{architecture}_symbols"
    assert card.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert (card.num_features, card.input_size) == (network.num_features, SIDE)
    assert (card.pretrained_on, card.source_accuracy) == ("glyph_corpus_symbols", 0.5)


@pytest.mark.parametrize("architecture", ["resnet", "convnext", "efficientnet"])
def test_multiply_accumulates_are_those_of_convolutions_and_linear_layers(architecture: str) -> None:
    model, macs = SourceModel(architecture, CORPORA["symbols"], 1), 0

    def count(layer: nn.Conv2d | nn.Linear, _: object, out: torch.Tensor) -> None:
        nonlocal macs
        macs += out.numel() * layer.weight[0].numel()

    network = model.create().eval()
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    network(torch.zeros(1, 1, SIDE, SIDE))
    assert model.card(0.5).gmacs == pytest.approx(macs / 1e9, rel=1e-5)


def test_multiply_accumulates_of_the_transformer_are_those_of_its_matrices() -> None:
    """16 patches of 64 pixels; in each of 3 blocks 10 d^2 for every token and 2 d for every pair; 45 classes."""
    tokens, width, classes = 16, 128, 45
    expected = tokens * 64 * width + 3 * (10 * tokens * width**2 + 2 * tokens**2 * width) + width * classes
    assert SourceModel("vit", CORPORA["symbols"], 1).card(0.5).gmacs == pytest.approx(expected / 1e9, rel=1e-5)


def test_a_corpus_draws_as_many_images_of_each_class_as_it_says_and_none_twice() -> None:
    corpus = replace(CORPORA["eastern"], characters="βЖщ", train_per_class=7, test_per_class=2)
    (train, labels), (test, held) = corpus.draw("train"), corpus.draw("test")
    assert train.shape == (21, SIDE, SIDE)
    assert np.bincount(labels).tolist() == [7] * 3
    assert np.bincount(held).tolist() == [2] * 3
    assert len({image.tobytes() for image in (*train, *test)}) == 27
    assert np.array_equal(train, corpus.draw("train")[0])


def test_the_mixed_corpus_has_every_domain() -> None:
    corpus = replace(CORPORA["eastern"], characters="β", train_per_class=len(DOMAINS))
    dark = [image.mean() < 110 for image in corpus.draw("train")[0]]
    assert dark == [domain == "inverted" for domain in DOMAINS]


@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_is_described(name: str) -> None:
    card = CORPORA[name].card()
    assert card.id == f"glyph_corpus_{name}"
    assert len(card.labels) == card.num_classes == len(CORPORA[name].characters)
    assert card.num_samples == card.num_classes * card.samples_per_class


def test_every_font_of_a_corpus_has_every_character() -> None:
    from fontTools.ttLib import TTFont

    from zoograph.data.collections.glyphs.drawing import font_folder

    for corpus in CORPORA.values():
        for font in corpus.fonts:
            known = TTFont(font_folder() / font).getBestCmap()
            assert [character for character in corpus.characters if ord(character) not in known] == [], font


def test_input_is_around_zero() -> None:
    images = np.array([[[0, 255], [51, 204]]], dtype=np.uint8)
    assert torch.allclose(to_input(images), torch.tensor([[[[-2.0, 2.0], [-1.2, 1.2]]]]))
