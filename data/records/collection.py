"""Collections: cards and records from one source, and how several become one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from zoograph.data.errors import RawDataError
from zoograph.data.records.cards import Card, DatasetCard, ModelCard
from zoograph.data.records.records import ClassInfluence, Relation, Run, Score

AnyCard = TypeVar("AnyCard", bound=Card)


@dataclass(frozen=True)
class Collection:
    """What one source knows.

    Attributes:
        models: one card a model.
        datasets: one card a dataset, targets and pre-training corpora alike.
        runs: one row a measured transfer.
        scores: one row a transferability score of a (model, dataset) pair.
        relations: one row a measured pair of datasets, each pair once.
        influences: one row what a class of a source task does to a target.
    """

    models: tuple[ModelCard, ...] = ()
    datasets: tuple[DatasetCard, ...] = ()
    runs: tuple[Run, ...] = ()
    scores: tuple[Score, ...] = ()
    relations: tuple[Relation, ...] = ()
    influences: tuple[ClassInfluence, ...] = ()

    def validate(self) -> Collection:
        """Return the collection itself, after checking that its parts fit together.

        Raises:
            RawDataError: if two cards share an id, or a row names a model or a dataset that has no card.
        """
        models = _require_distinct("model", self.models)
        datasets = _require_distinct("dataset", self.datasets)
        _require_cards("dataset", (name for m in self.models for name in m.trained_on), datasets)
        for rows in (self.runs, self.scores):
            _require_cards("model", (row.model for row in rows), models)
            _require_cards("dataset", (row.dataset for row in rows), datasets)
        for pairs, names in ((self.relations, ("dataset", "other")), (self.influences, ("corpus", "dataset"))):
            for name in names:
                _require_cards("dataset", (getattr(row, name) for row in pairs), datasets)
        return self

    def counts(self) -> dict[str, int]:
        """Number of rows of each kind."""
        return {
            "models": len(self.models),
            "datasets": len(self.datasets),
            "runs": len(self.runs),
            "scores": len(self.scores),
            "relations": len(self.relations),
            "influences": len(self.influences),
        }


def merge(collections: Iterable[Collection]) -> Collection:
    """Join collections into one.

    Records are kept as they come, repeats included. Cards of one id become one card: a field that is
    known on one side completes the other, aliases and sources are joined.

    Raises:
        RawDataError: if two cards of one id disagree on a field.
    """
    parts = list(collections)
    return Collection(
        models=_merge_cards("model", [card for part in parts for card in part.models]),
        datasets=_merge_cards("dataset", [card for part in parts for card in part.datasets]),
        runs=tuple(row for part in parts for row in part.runs),
        scores=tuple(row for part in parts for row in part.scores),
        relations=tuple(row for part in parts for row in part.relations),
        influences=tuple(row for part in parts for row in part.influences),
    )


def _merge_cards(kind: str, cards: Sequence[AnyCard]) -> tuple[AnyCard, ...]:
    merged: dict[str, AnyCard] = {}
    for card in cards:
        merged[card.id] = _complete(kind, merged[card.id], card) if card.id in merged else card
    return tuple(merged.values())


def _complete(kind: str, first: AnyCard, second: AnyCard) -> AnyCard:
    sources = dict.fromkeys([*first.source.split("; "), *second.source.split("; ")])
    fields = {"aliases": (*first.aliases, *second.aliases), "source": "; ".join(sources)}
    for name in type(first).model_fields.keys() - fields.keys():
        one, other = getattr(first, name), getattr(second, name)
        if _is_known(one) and _is_known(other) and one != other:
            raise RawDataError(
                f"The {kind} '{first.id}' needs one '{name}' in all sources "
                f"(got {one!r} from '{first.source}' and {other!r} from '{second.source}'). "
                f"Correct one of them, or give the two {kind}s different ids."
            )
        fields[name] = one if _is_known(one) else other
    return type(first).model_validate(fields)


def _is_known(value: object) -> bool:
    return value is not None and value != () and value != {}


def _require_distinct(kind: str, cards: Sequence[Card]) -> set[str]:
    seen: set[str] = set()
    for card in cards:
        if card.id in seen:
            raise RawDataError(f"The {kind} '{card.id}' needs exactly one card (got two). Remove one of them.")
        seen.add(card.id)
    return seen


def _require_cards(kind: str, names: Iterable[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise RawDataError(f"The {kind} '{name}' has records, so it needs a card (got none). Add its card.")
