"""A labelled task: samples of any modality with their targets and splits, in an order that does not change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Self

from zoograph.data.errors import ZoographError
from zoograph.data.records.cards import DatasetCard, Modality, ModelCard
from zoograph.data.records.naming.spellings import Target
from zoograph.data.tasks.stratified import stratified_sample
from zoograph.data.text.words import readable


class TaskError(ZoographError):
    """Samples that are no labelled task, or of which too many cannot be read."""


class Values(NamedTuple):
    """Real targets of samples.

    Attributes:
        name: what they are values of.
        numbers: (N,) one a sample.
    """

    name: str
    numbers: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class LabelledTask:
    """Labelled samples, in an order that does not change; a modality says what a sample is.

    Attributes:
        card: of the whole dataset, also where this is a sample of it.
        classes: names of the classes; a label is a place in it.
        names: (N,) what each sample is called in messages.
        labels: (N,) classes; of real targets the strata by which samples are drawn.
        read: takes a row and returns the sample as it is kept.
        is_test: (N,) whether the dataset's authors set the sample aside for testing; None if they split nothing.
        is_validation: (N,) whether they set it aside for choosing, such as between strengths of a penalty; None if not.
        warnings: what is to be known of the split before a measurement is believed, in sentences.
        values: real targets; None where the targets are classes.
    """

    modality: ClassVar[Modality]
    sample_word: ClassVar[str]
    """What one sample is called in sentences, such as ``image``."""
    error: ClassVar[type[TaskError]] = TaskError
    augmentable: ClassVar[bool] = False
    """Whether training samples can be changed at random."""

    card: DatasetCard
    classes: tuple[str, ...]
    names: tuple[str, ...]
    labels: tuple[int, ...]
    read: Callable[[int], Any]
    is_test: tuple[bool, ...] | None = None
    is_validation: tuple[bool, ...] | None = None
    warnings: tuple[str, ...] = ()
    values: Values | None = None

    def __post_init__(self) -> None:
        if self.values is not None:
            if len(set(self.values.numbers)) < 2:
                raise self.error(
                    f"The values of '{self.values.name}' in '{self.card.id}' must differ (got "
                    f"{', '.join(f'{number:g}' for number in set(self.values.numbers)) or 'none'} for all "
                    f"{len(self):,}). Name another column with --target."
                )
        elif self.target is Target.CLASSES and len(set(self.labels)) < 2:
            raise self.error(
                f"The dataset '{self.card.id}' must have {self.samples_word} of at least two classes "
                f"(got {len(set(self.labels))}). Add the {self.samples_word} of another class."
            )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def target(self) -> Target:
        """What is to be predicted of a sample."""
        return Target.CLASSES if self.values is None else Target.VALUES

    @property
    def target_names(self) -> tuple[str, ...]:
        """Names of the classes; or of the values."""
        return self.classes if self.values is None else (f"values of {self.values.name}",)

    @property
    def samples_word(self) -> str:
        """What several samples are called in sentences, such as ``images``."""
        return f"{self.sample_word}s"

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the samples, their labels, their order and their split; names do not count."""
        parts: list[Any] = (
            [self.labels, self.is_test]
            if self.is_validation is None
            else [self.labels, self.is_test, self.is_validation]
        )
        if self.values is not None:
            parts.append(self.values)
        total = hashlib.sha256(json.dumps(parts).encode())
        for content in self.hashes:
            total.update(content)
        return total.hexdigest()

    @cached_property
    def hashes(self) -> tuple[bytes, ...]:
        """(N,) SHA-256 of each sample, of nothing where it cannot be read."""
        return tuple(self.content_hash(row) for row in range(len(self)))

    @property
    def seen_with(self) -> str | None:
        """What decides, beside the samples themselves, how they are seen; None if nothing does."""
        return None

    def content_hash(self, row: int) -> bytes:
        """Return SHA-256 of a sample, of nothing where it cannot be read."""
        raise NotImplementedError

    def gmacs(self, card: ModelCard) -> float | None:
        """Return the multiply-accumulates, in 1e9, that a model needs for a sample; None if they are not known."""
        return card.gmacs

    def sample(self, size: int, seed: int = 0) -> Self:
        """Return a stratified sample of at most ``size`` samples.

        See :func:`zoograph.data.tasks.stratified.stratified_sample`.
        """
        if size >= len(self):
            return self
        return self.take([int(row) for row in stratified_sample(self._strata(), size, seed)])

    def _strata(self) -> list[int]:
        """Return what a sample keeps the proportions of: classes, in each split."""
        nowhere = (False,) * len(self)
        splits = zip(self.labels, self.is_test or nowhere, self.is_validation or nowhere, strict=True)
        return [4 * label + 2 * test + validation for label, test, validation in splits]

    def take(self, rows: Sequence[int]) -> Self:
        """Return the task of these rows alone, in this order."""
        return replace(
            self,
            names=tuple(self.names[row] for row in rows),
            labels=tuple(self.labels[row] for row in rows),
            read=lambda row: self.read(rows[row]),
            is_test=None if self.is_test is None else tuple(self.is_test[row] for row in rows),
            is_validation=None if self.is_validation is None else tuple(self.is_validation[row] for row in rows),
            values=None
            if self.values is None
            else self.values._replace(numbers=tuple(self.values.numbers[row] for row in rows)),
        )


def make_card(
    id: str,
    source: str,
    classes: Sequence[str],
    labels: Sequence[int],
    domain: str | None = None,
    error: type[TaskError] = TaskError,
    **more: Any,
) -> DatasetCard:
    """Return the card of a labelled task.

    Args:
        id: of the dataset.
        source: where it comes from.
        classes: names; none if they are not known.
        labels: (N,) places in ``classes``.
        domain: kind of samples.
        error: that is raised.
        more: fields of the card.

    Raises:
        TaskError: if two classes have one name.
    """
    spelled = tuple(readable(name) for name in classes)
    if len(set(spelled)) < len(spelled):
        twice = next(name for name in spelled if spelled.count(name) > 1)
        raise error(f"The classes of '{id}' must have distinct names (got '{twice}' twice). Rename one.")
    num_classes = len(set(labels))
    return DatasetCard(
        id=id,
        source=source,
        domain=domain,
        labels=tuple(spelled[label] for label in sorted(set(labels))) if spelled else (),
        num_classes=num_classes or None,
        num_samples=len(labels) or None,
        samples_per_class=len(labels) / num_classes if labels else None,
        **more,
    )


def sizes_of(task: LabelledTask) -> Mapping[str, int]:
    """Return how many samples of a task its authors set aside for what; ``all`` if they split nothing."""
    if task.is_test is None:
        return {"all": len(task)}
    validation = sum(task.is_validation or ())
    counts = {"train": len(task) - sum(task.is_test) - validation, "validation": validation, "test": sum(task.is_test)}
    return {name: count for name, count in counts.items() if count}
