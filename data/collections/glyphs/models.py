"""The source models of the glyph zoo: four small architectures, each trained on three corpora of glyphs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from zoograph.data.collections.glyphs.drawing import (
    DOMAINS,
    FONTS,
    SIDE,
    SYMBOL_FONTS,
    Image8,
    character_name,
    draw_glyph,
    seeded,
)
from zoograph.data.collections.glyphs.tasks import SOURCE
from zoograph.data.records.cards import DatasetCard, ModelCard


@dataclass(frozen=True)
class Architecture:
    """A small network: a model of timm with other widths.

    Attributes:
        family: of the model card.
        timm_name: what ``timm.create_model`` is asked for.
        arguments: what it is asked for beside.
        learning_rate: highest one of the training.
    """

    family: str
    timm_name: str
    arguments: Mapping[str, Any]
    learning_rate: float


@dataclass(frozen=True)
class Corpus:
    """A dataset to pre-train on.

    Attributes:
        name: key of :data:`CORPORA`.
        characters: its classes.
        domains: keys of the domains that its images are spread over.
        fonts: fonts that have all of its characters.
        train_per_class: training images of a class.
        test_per_class: held-out images of a class.
    """

    name: str
    characters: str
    domains: tuple[str, ...]
    fonts: tuple[str, ...] = FONTS
    train_per_class: int = 300
    test_per_class: int = 30

    @property
    def id(self) -> str:
        """Such as ``glyph_corpus_latin``."""
        return f"glyph_corpus_{self.name}"

    def draw(self, part: str) -> tuple[Image8, NDArray[np.int64]]:
        """Draw the ``train`` or the ``test`` images: (N, 32, 32) uint8, and their (N,) class numbers."""
        count = self.train_per_class if part == "train" else self.test_per_class
        images = [
            draw_glyph(
                character, self.domains[rank % len(self.domains)], seeded(self.id, character, part, rank), self.fonts
            )
            for character in self.characters
            for rank in range(count)
        ]
        return np.stack(images), np.repeat(np.arange(len(self.characters)), count)

    def card(self) -> DatasetCard:
        """Return the corpus as a dataset that models were pre-trained on; its samples are the training images."""
        words = DOMAINS[self.domains[0]][0] if len(self.domains) == 1 else "glyphs of many kinds"
        return DatasetCard(
            id=self.id,
            source=SOURCE,
            family="glyph_corpus",
            domain=words,
            labels=tuple(character_name(character) for character in self.characters),
            num_classes=len(self.characters),
            num_samples=len(self.characters) * self.train_per_class,
            samples_per_class=float(self.train_per_class),
        )


@dataclass(frozen=True)
class SourceModel:
    """A pre-trained model of the zoo: an architecture, a corpus, and how long it was trained."""

    architecture: str
    corpus: Corpus
    epochs: int

    @property
    def id(self) -> str:
        """Such as ``glyph_resnet_latin``."""
        return f"glyph_{self.architecture}_{self.corpus.name}"

    def create(self) -> nn.Module:
        """Return the network with random weights; it takes (N, 1, 32, 32), see :func:`to_input`."""
        import timm

        made = ARCHITECTURES[self.architecture]
        return timm.create_model(
            made.timm_name, pretrained=False, in_chans=1, num_classes=len(self.corpus.characters), **made.arguments
        )

    def card(self, source_accuracy: float) -> ModelCard:
        """Return what is known of the model.

        Args:
            source_accuracy: accuracy on the held-out images of its corpus, in [0, 1].
        """
        network = self.create()
        return ModelCard(
            id=self.id,
            source=SOURCE,
            family=ARCHITECTURES[self.architecture].family,
            parameters=sum(parameter.numel() for parameter in network.parameters()),
            gmacs=float(f"{_count_macs(network) / 1e9:.6g}"),
            input_size=SIDE,
            num_features=network.num_features,
            pretrained_on=self.corpus.id,
            source_accuracy=source_accuracy,
        )


def to_input(images: Image8) -> Tensor:
    """Return images as a network takes them: (N, 32, 32) uint8 to (N, 1, 32, 32) float32 around zero."""
    return (torch.from_numpy(images).unsqueeze(1).float() / 255.0 - 0.5) / 0.25


def _count_macs(network: nn.Module) -> float:
    # The plain attention kernel, because the fused one is not counted.
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.inference_mode():
        network.eval()(torch.zeros(1, 1, SIDE, SIDE))
    return counter.get_total_flops() / 2


ARCHITECTURES = {
    "resnet": Architecture("resnet", "resnet10t", {"channels": (24, 48, 96, 160), "stem_width": 16}, 3e-3),
    "convnext": Architecture(
        "convnext", "test_convnext", {"dims": (32, 64, 96, 160), "depths": (1, 1, 2, 1), "patch_size": 2}, 3e-3
    ),
    "efficientnet": Architecture("efficientnet", "test_efficientnet", {}, 4e-3),
    "vit": Architecture(
        "vit",
        "test_vit",
        {
            "img_size": SIDE,
            "patch_size": 8,
            "embed_dim": 128,
            "depth": 3,
            "num_heads": 4,
            "class_token": False,
            "global_pool": "avg",
        },
        1e-3,
    ),
}

CORPORA = {
    "latin": Corpus(
        "latin", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", ("print",), train_per_class=200
    ),
    "eastern": Corpus(
        "eastern", "αβγδεζηθλμξπρσφψωΓΔΛΞΣΨΩБДЖИЛЦЧШЩЭЮЯЫЪбджлцчшщэюя", tuple(DOMAINS), train_per_class=300
    ),
    "symbols": Corpus("symbols", "←↑→↓↔∀∂∃∅∇∈∋∏∑√∝∞∠∩∪∫∴≅≈≠≡≤≥⊂⊃⊕⊗⊥♠♣♥♦§¶†€£¥©®", ("clutter",), SYMBOL_FONTS),
}
