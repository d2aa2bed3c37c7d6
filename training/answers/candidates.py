"""Candidates of a ranking: which models are compared, and which stand for several that are nearly the same."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.names import NEAREST
from zoograph.data.records.pretraining import LineageKind
from zoograph.data.records.published import copied_from, is_published
from zoograph.data.records.zoo import Zoo
from zoograph.training.answers.measured_pairs import measured_pairs
from zoograph.training.answers.question import Question


@dataclass(frozen=True)
class Filters:
    """Which models are candidates.

    Attributes:
        max_params: most parameters a model may have; one whose number is not known is left out then.
        family: exact name of an architecture family.
        all_models: also models that have no record of the protocol, by their cards.
        all_variants: also uploads, and near-copies of other candidates.
    """

    max_params: int | None = None
    family: str | None = None
    all_models: bool = False
    all_variants: bool = False


@dataclass(frozen=True)
class Candidates:
    """The models that are compared.

    Attributes:
        cards: of the models.
        copies: model -> how many near-copies it stands for; others stand for themselves alone.
        num_hidden: uploads and near-copies that are left out, those of ``copies`` included.
        num_unknown_size: models left out because their number of parameters is not known.
    """

    cards: tuple[ModelCard, ...]
    copies: Mapping[str, int]
    num_hidden: int
    num_unknown_size: int


def choose_candidates(zoo: Zoo, question: Question, filters: Filters) -> Candidates:
    """Return the models that are compared for a question: those that read what the dataset is made of.

    By default they have records of what is asked, they were published by those who trained them, and no two of them
    have the same weights.

    Raises:
        UnknownName: if no model is of the family.
        ZoographError: if no candidate is left, with the filter to relax.
    """
    readers = [card for card in zoo.models.values() if question.modality in card.modalities]
    what = f"{question.metric.description} ({question.protocol.description})"
    known = {model for model, _ in measured_pairs(zoo, question.protocol, question.metric, question.modality)}
    cards = [card for card in readers if filters.all_models or card.id in known]
    if filters.family is not None:
        _require_family(filters.family, readers)
    if not cards:
        raise ZoographError(f"No model has a record of {what}. Add --all-models, or choose another --protocol.")
    if filters.family is not None:
        cards = [card for card in cards if card.family == filters.family]
        if not cards:
            raise ZoographError(
                f"No model of the family '{filters.family}' has a record of {what}. "
                "Add --all-models, or choose another --family."
            )
    chosen, copies = (cards, {}) if filters.all_variants else fold_copies(cards, known)
    if not chosen:
        raise ZoographError(f"All {len(cards)} candidates are uploads of somebody's copies. Add --all-variants.")
    small, num_unknown_size = _choose_small(chosen, filters.max_params)
    return Candidates(tuple(small), copies, len(cards) - len(chosen), num_unknown_size)


def fold_copies(cards: Iterable[ModelCard], known: Collection[str]) -> tuple[list[ModelCard], dict[str, int]]:
    """Return the published ones of ``cards``, one for all that have the same weights, and how many each stands for.

    A published weight stands for the uploads that were fine-tuned from it as well. Of several with the same weights
    the one that was there first stands for all, if it was measured or none was; else the first by name that was.

    Args:
        cards: of candidates.
        known: ids of the models that were measured.
    """
    cards = list(cards)
    first = {card.id: next((id for id in (copied_from(card), _same_as(card)) if id), card.id) for card in cards}

    def root(id: str) -> str:
        seen: set[str] = set()
        while first.get(id, id) != id and id not in seen:
            seen.add(id)
            id = first[id]
        return id

    groups: dict[str, list[ModelCard]] = {}
    for card in cards:
        groups.setdefault(root(card.id), []).append(card)
    copies: dict[str, int] = {}
    for name, group in groups.items():
        published = [card.id for card in group if is_published(card)]
        if published:
            copies[min(published, key=lambda id: (id not in known, id != name, id))] = len(group) - 1
    return [card for card in cards if card.id in copies], copies


def _same_as(card: ModelCard) -> str | None:
    return next((step.model for step in card.derived_from if step.kind is LineageKind.SAME_WEIGHTS), None)


def _require_family(family: str, cards: Iterable[ModelCard]) -> None:
    families = sorted({card.family for card in cards if card.family})
    if family not in families:
        nearest = difflib.get_close_matches(family, families, n=NEAREST, cutoff=0.0)
        raise UnknownName("family", family, nearest, f"Valid names: {', '.join(families)}.")


def _choose_small(cards: list[ModelCard], most: int | None) -> tuple[list[ModelCard], int]:
    """Return the cards with at most so many parameters, and how many do not say."""
    if most is None:
        return cards, 0
    sized = [(card.parameters, card) for card in cards if card.parameters is not None]
    small = [card for parameters, card in sized if parameters <= most]
    if small:
        return small, len(cards) - len(sized)
    if not sized:
        raise ZoographError("No candidate's number of parameters is known. Leave out --max-params.")
    least, smallest = min(sized, key=lambda pair: pair[0])
    raise ZoographError(
        f"No candidate has at most {most:,} parameters (the smallest, '{smallest.id}', has {least:,}). "
        "Raise --max-params."
    )
