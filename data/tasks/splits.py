"""Splits: which samples of a dataset are to train on, to choose by and to test on, joined by the names of classes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from zoograph.data.files.counts import count_of, some_of
from zoograph.data.text.words import label_text


class Split(StrEnum):
    """What a split is for."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


_WORDS = {
    Split.TRAIN: ("train", "training", "trn", "trainset", "trainval"),
    Split.VALIDATION: ("val", "valid", "validation", "dev", "valset", "validset", "eval", "evaluation"),
    Split.TEST: ("test", "testing", "tst", "testset"),
}
_SPLITS = {word: split for split, words in _WORDS.items() for word in words}
_SHARD = re.compile(r"-\d{5}-of-\d{5}$")
_FILLING = frozenset({"text", "texts", "image", "images", "img", "imgs", "set", "data", "dataset", "split", "folder"})


def split_named(name: str) -> Split | None:
    """Return the split that a name means; None if it means something else.

    >>> split_named("Valid"), split_named("train2017"), split_named("test-images"), split_named("train station")
    (<Split.VALIDATION: 'validation'>, <Split.TRAIN: 'train'>, <Split.TEST: 'test'>, None)
    """
    words = [word for word in re.split(r"[\W_\d]+", _SHARD.sub("", name.casefold())) if word and word not in _FILLING]
    return _SPLITS.get(words[0]) if len(words) == 1 else None


@dataclass(frozen=True)
class Joined:
    """The samples of all splits that are used, under the classes of the training split.

    Attributes:
        rows: for each sample that is used, the split that it lies in, its row there, and its label.
        test: the split that is tested on; None if none can be.
        validation: the split to choose by; None if there is none, or if it is tested on.
        warnings: what is not used, in sentences.
    """

    rows: tuple[tuple[Split, int, int], ...]
    test: Split | None
    validation: Split | None
    warnings: tuple[str, ...]

    def mask(self, split: Split | None) -> tuple[bool, ...] | None:
        """Return which samples lie in a split; None if there is no such split."""
        return None if split is None else tuple(row[0] is split for row in self.rows)


def join_splits(
    id: str, classes: Sequence[str], labels: Mapping[Split, Sequence[str | None]], samples: str = "images"
) -> Joined:
    """Join splits by the names of their classes, whatever the order in which each of them lists these.

    A split that says of no sample to which class of the training split it belongs is passed over, and where that is
    the test split, the validation split is tested on. Of a split that is used, samples without a label are left out,
    and so are those of classes that nobody can have learned from the training split.

    Args:
        id: of the dataset, for the sentences.
        classes: names, in the order of the labels.
        labels: of each split, by sample; None where it has none.
        samples: what they are called in the sentences.
    """
    places = _Places(classes, labels[Split.TRAIN])
    warnings: list[str] = []
    rows: list[tuple[Split, int, int]] = []
    used: list[Split] = []
    for split in (split for split in Split if split in labels):
        found = [(row, places.find(name)) for row, name in enumerate(labels[split])]
        fitting = [(split, row, place) for row, place in found if place is not None]
        unlabelled = sum(name is None for name in labels[split])
        strange = Counter(name for name, (_, place) in zip(labels[split], found, strict=True) if name and place is None)
        if fitting:
            rows += fitting
            used.append(split)
            warnings += _describe(id, split, unlabelled, strange, samples)
        elif found:
            why = f"its {samples} have no labels" if unlabelled else "none of its classes is one to train on"
            warnings.append(f"The {split.value} split of '{id}' is passed over: {why} ({len(found):,} {samples}).")
    test = next((split for split in (Split.TEST, Split.VALIDATION) if split in used), None)
    validation = Split.VALIDATION if Split.VALIDATION in used and test is Split.TEST else None
    if test is Split.VALIDATION:
        warnings.append(f"The validation split of '{id}' is what is tested on.")
    return Joined(tuple(rows), test, validation, tuple(warnings))


class _Places:
    """Where the name of a class that is trained on stands in the list of classes, however it is spelled."""

    def __init__(self, classes: Sequence[str], trained: Sequence[str | None]) -> None:
        known = set(trained)
        self._exact = {name: place for place, name in enumerate(classes) if name in known}
        spelled = Counter(label_text(name) for name in self._exact)
        self._spoken = {label_text(n): place for n, place in self._exact.items() if spelled[label_text(n)] == 1}

    def find(self, name: str | None) -> int | None:
        """Return the place; None if there is no such class, or no name."""
        return None if name is None else self._exact.get(name, self._spoken.get(label_text(name)))


def _describe(id: str, split: Split, unlabelled: int, strange: Mapping[str, int], samples: str) -> list[str]:
    """Return sentences about what is left out of a split that is used."""
    said = []
    if unlabelled:
        one = count_of(unlabelled, samples.removesuffix("s"), samples)
        have = "has no label and is" if unlabelled == 1 else "have no label and are"
        said.append(f"{one} in the {split.value} split of '{id}' {have} left out.")
    if strange:
        names = some_of([f"{name!r} ({number:,})" for name, number in strange.items()], 10)
        one = samples.removesuffix("s")
        said.append(
            f"Classes in the {split.value} split of '{id}' without a training {one} are left out, "
            f"because nobody can have learned them: {names}."
        )
    return said
