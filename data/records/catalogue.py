"""Catalogue: which models and datasets are known, how much was measured of each, and which of them are wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from zoograph.data.records.cards import Card, DatasetCard, ModelCard
from zoograph.data.records.pretraining import Objective
from zoograph.data.records.published import is_published
from zoograph.data.records.records import Protocol

AnyCard = TypeVar("AnyCard", bound=Card)


@dataclass(frozen=True)
class Entry(Generic[AnyCard]):
    """A model or a dataset, and what was measured of it.

    Attributes:
        card: of the model or dataset.
        runs: number of runs by protocol.
    """

    card: AnyCard
    runs: Counter[Protocol] = field(default_factory=Counter)

    @property
    def num_runs(self) -> int:
        """Runs of all protocols."""
        return self.runs.total()


@dataclass(frozen=True)
class Wanted:
    """What an entry has to be; ``None`` and ``False`` ask for nothing.

    Attributes:
        family: of the architecture, or of the dataset's tasks; letters in any case.
        modality: that a model reads, or of the dataset's samples.
        with_runs: something was measured of it.
        protocol: it was measured like that.
        objective: what the model was trained for.
        corpora: ids of datasets, one of which the model was trained on.
        max_parameters: most parameters; a model of unknown size is not wanted.
        licence: of the weights; letters in any case.
        published: the weights were published by those who trained them, see
            :func:`zoograph.data.records.published.is_published`.
        domain: kind of images or texts of the dataset.
    """

    family: str | None = None
    modality: str | None = None
    with_runs: bool = False
    protocol: Protocol | None = None
    objective: Objective | None = None
    corpora: tuple[str, ...] | None = None
    max_parameters: int | None = None
    licence: str | None = None
    published: bool = False
    domain: str | None = None

    def has_model(self, entry: Entry[ModelCard]) -> bool:
        """Return whether a model is wanted."""
        card = entry.card
        return (
            self._has(entry, card.family)
            and (self.modality is None or self.modality in card.modalities)
            and (self.objective is None or card.objective is self.objective)
            and (self.corpora is None or not set(self.corpora).isdisjoint(card.trained_on))
            and (self.max_parameters is None or (card.parameters or self.max_parameters + 1) <= self.max_parameters)
            and _same(self.licence, card.licence)
            and (not self.published or is_published(card))
        )

    def has_dataset(self, entry: Entry[DatasetCard]) -> bool:
        """Return whether a dataset is wanted."""
        card = entry.card
        return (
            self._has(entry, card.family)
            and (self.modality is None or self.modality == card.modality)
            and _same(self.domain, card.domain)
        )

    def _has(self, entry: Entry[AnyCard], family: str | None) -> bool:
        return (
            _same(self.family, family)
            and (not self.with_runs or entry.num_runs > 0)
            and (self.protocol is None or entry.runs[self.protocol] > 0)
        )


def make_entries(cards: Iterable[AnyCard], runs: Mapping[str, Counter[Protocol]]) -> list[Entry[AnyCard]]:
    """Return an entry for each card, those with most runs first, then by name."""
    entries = [Entry(card, runs.get(card.id, Counter())) for card in cards]
    return sorted(entries, key=lambda entry: (-entry.num_runs, entry.card.id))


def count_runs(pairs: Iterable[tuple[str, str]]) -> dict[str, Counter[Protocol]]:
    """Return the number of runs by protocol of each name, from the name and the protocol of each run."""
    counts: dict[str, Counter[Protocol]] = {}
    for (name, protocol), count in Counter(pairs).items():
        counts.setdefault(name, Counter())[Protocol(protocol)] += count
    return counts


def count_sources(cards: Iterable[Card]) -> Iterator[str]:
    """Yield the sources of cards, one for each card and source."""
    for card in cards:
        yield from card.source.split("; ")


def _same(wanted: str | None, found: str | None) -> bool:
    return wanted is None or (found is not None and wanted.casefold() == found.casefold())
