"""Glyph tasks: which characters, how many images of each, and the pool of images that the tasks of a domain share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from zoograph.data.collections.glyphs.drawing import DOMAINS, SIDE, Image8, character_name, draw_glyph, seeded
from zoograph.data.records.cards import DatasetCard

SOURCE = "glyphs"
TRAIN_SIZES = (10, 30, 50)
"""Training images of a class; the smaller sets are part of the larger ones."""

SPLITS = ("a", "b", "c")
"""Label splits: a and c share no class, b has half of its classes from either."""

# No two of these look alike: where scripts share a shape, one of them has it.
ALPHABET = "ABDEFGHJKLMNPQRTUVWYaeghrtαβδεζηθλμξπρσφψωБГДЖИЛЦЧШЩЭЮЯЫ234567&@"

_LEAST_TEST_IMAGES = 400
_LEAST_TEST_PER_CLASS = 40

HANDWRITTEN = "handwritten"
_HANDWRITTEN_WORDS = "handwritten digits"


@dataclass(frozen=True)
class GlyphTask:
    """One target dataset.

    Attributes:
        domain: key of the domain's pool.
        split: ``a``, ``b`` or ``c``.
        characters: its classes, in the order of their numbers.
        train_per_class: training images of each class.
    """

    domain: str
    split: str
    characters: tuple[str, ...]
    train_per_class: int

    @property
    def id(self) -> str:
        """Such as ``glyph_outline_b16_30``: domain, split, classes, training images of a class."""
        return f"{self.family}_{self.split}{len(self.characters)}_{self.train_per_class}"

    @property
    def family(self) -> str:
        """All tasks of one domain."""
        return f"glyph_{self.domain}"

    @property
    def test_per_class(self) -> int:
        """Test images of a class: at least 40, and 400 in all."""
        return max(_LEAST_TEST_PER_CLASS, ceil(_LEAST_TEST_IMAGES / len(self.characters)))

    def card(self) -> DatasetCard:
        """Return what is known of the task before anything is measured on it; its samples are the training images."""
        return DatasetCard(
            id=self.id,
            source=SOURCE,
            family=self.family,
            domain=domain_words(self.domain),
            labels=tuple(character_name(character) for character in self.characters),
            num_classes=len(self.characters),
            num_samples=len(self.characters) * self.train_per_class,
            samples_per_class=float(self.train_per_class),
        )


@dataclass(frozen=True, eq=False)
class Pool:
    """The images of a domain, that its tasks choose from.

    Attributes:
        images: (N, 32, 32) uint8.
        characters: (N,) what each shows.
        ranks: (N,) number of an image among the training or the test images of its character.
        is_test: (N,) whether it is only ever tested on.
    """

    images: Image8
    characters: NDArray[np.str_]
    ranks: NDArray[np.int64]
    is_test: NDArray[np.bool_]

    def rows(self, task: GlyphTask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows of the training images of a task, and those of its test images."""
        wanted = np.isin(self.characters, task.characters)
        train = wanted & ~self.is_test & (self.ranks < task.train_per_class)
        test = wanted & self.is_test & (self.ranks < task.test_per_class)
        return np.flatnonzero(train), np.flatnonzero(test)

    def targets(self, task: GlyphTask, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the class numbers of some rows of a task."""
        number = {character: index for index, character in enumerate(task.characters)}
        return np.array([number[character] for character in self.characters[rows].tolist()], dtype=np.int64)


def domain_words(domain: str) -> str:
    """Return a domain as a person would call it."""
    return _HANDWRITTEN_WORDS if domain == HANDWRITTEN else DOMAINS[domain][0]


def list_tasks(class_counts: dict[str, Sequence[int]], train_sizes: Sequence[int] = TRAIN_SIZES) -> list[GlyphTask]:
    """List the tasks of domains: every split with every number of classes and every training size.

    Args:
        class_counts: domain -> numbers of classes, each even.
        train_sizes: training images of a class.
    """
    return [
        GlyphTask(domain, split, characters, size)
        for domain, counts in class_counts.items()
        for count in counts
        for split, characters in zip(SPLITS, split_characters(domain, count), strict=True)
        for size in train_sizes
    ]


def split_characters(domain: str, count: int) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the characters of the splits a, b and c of a domain: ``count`` each, which is even."""
    alphabet = "0123456789" if domain == HANDWRITTEN else ALPHABET
    order = seeded("characters", domain).permutation(list(alphabet)).tolist()
    half = len(order) // 2
    if count % 2 or not 2 <= count <= half:
        raise ValueError(f"'count' must be even, from 2 to {half} in the domain '{domain}' (got {count})")
    a, c = order[:count], order[half : half + count]
    return tuple(a), (*a[::2], *c[::2]), tuple(c)


def make_pool(domain: str, tasks: Sequence[GlyphTask]) -> Pool:
    """Make the images that the tasks of a domain need: drawn, or handwritten ones that scikit-learn ships.

    Image number i of a character is the same whatever the tasks are.
    """
    needs: dict[str, tuple[int, int]] = {}
    for task in tasks:
        if task.domain == domain:
            for character in task.characters:
                train, test = needs.get(character, (0, 0))
                needs[character] = max(train, task.train_per_class), max(test, task.test_per_class)
    make = _handwritten if domain == HANDWRITTEN else _drawn
    parts = [
        (image, character, rank, part == "test")
        for character, counts in sorted(needs.items())
        for part, count in zip(("train", "test"), counts, strict=True)
        for rank, image in enumerate(make(domain, character, part, count))
    ]
    images, characters, ranks, is_test = zip(*parts, strict=True)
    return Pool(np.stack(images), np.array(characters), np.array(ranks), np.array(is_test))


def _drawn(domain: str, character: str, part: str, count: int) -> list[Image8]:
    return [draw_glyph(character, domain, seeded(domain, character, part, rank)) for rank in range(count)]


def _handwritten(domain: str, character: str, part: str, count: int) -> list[Image8]:
    """Return real digits, 8 x 8 made 32 x 32; the test images are those that no task trains on."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    rows = np.flatnonzero(digits.target == int(character))
    rows = seeded(domain, character).permutation(rows)
    most = max(TRAIN_SIZES)
    chosen = rows[:most] if part == "train" else rows[most:]
    return [_enlarge(digits.images[row]) for row in chosen[:count]]


def _enlarge(image: NDArray[np.float64]) -> Image8:
    small = Image.fromarray(np.rint(255 - image * (255 / 16)).astype(np.uint8))
    return np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
