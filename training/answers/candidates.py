"""Candidates of a ranking: the models that are compared for a question, and what each filter left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zoograph.data.errors import ZoographError
from zoograph.data.files.counts import count_of
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.naming.names import NameIndex
from zoograph.data.records.zoo import Zoo
from zoograph.training.answers.question import Question
from zoograph.training.candidates.filters import Filters, Number, Step, apply_filters
from zoograph.training.candidates.named_models import NamedModels, find_named
from zoograph.training.candidates.protocols import can_do
from zoograph.training.candidates.twins import fold_twins


@dataclass(frozen=True)
class Candidates:
    """The models that are compared.

    Attributes:
        cards: of the models.
        twins: model -> ids of the near-twins that it stands for; others stand for themselves alone.
        num_hidden: uploads and near-twins that are left out, those of ``twins`` included.
        steps: what each filter did.
    """

    cards: tuple[ModelCard, ...]
    twins: Mapping[str, tuple[str, ...]]
    num_hidden: int
    steps: tuple[Step, ...]


def with_named(zoo: Zoo, names: NameIndex, filters: Filters, *, files: bool = True) -> tuple[Zoo, NamedModels | None]:
    """Return a zoo that also knows the models that are asked for by name, in ``files`` too, and these; None for all."""
    if not filters.models:
        return zoo, None
    named = find_named(names, zoo.models, filters.models, files=files)
    return zoo.with_cards(named.cards), named


def choose_candidates(
    zoo: Zoo, question: Question, filters: Filters, speed: Number, named: NamedModels | None = None
) -> Candidates:
    """Return the models that are compared for a question: those that read what the dataset is made of.

    They were published by those who trained them, or were asked for by name, and no two of them are nearly the same.
    Models that cannot be used under the protocol, see :func:`zoograph.training.candidates.protocols.can_do`, are none.

    Args:
        zoo: cards and records.
        question: about a dataset.
        filters: beside the names.
        speed: images a second on the device that is asked about.
        named: the models that are asked for by name; None for all.

    Raises:
        UnknownName: if no model is of the family or has the licence.
        ZoographError: if no candidate is left, with what each filter left over.
    """
    cards = [card for card in zoo.models.values() if question.modality in card.modalities]
    if named is not None:
        cards = _choose_named(cards, named, question.modality)
    if not cards:
        raise ZoographError(f"No model reads {question.modality}. Choose another modality, or bring cards of models.")
    known = set(zoo.runs["model"][zoo.learned(question.protocol, question.metric, question.modality)].unique())
    exact = named.exact if named else frozenset()
    cards = [card for card in cards if card.id in known | exact or can_do(card, question.protocol)]
    if filters.measured_only and not known:
        what = f"{question.metric.description} ({question.protocol.description})"
        raise ZoographError(
            f"No model has a record of {what}. Leave out --measured-only, or choose another --protocol."
        )
    passed, steps = apply_filters(cards, filters, lambda card: card.id in known, speed)
    if filters.all_variants:
        return Candidates(tuple(passed), {}, 0, tuple(steps))
    folded = fold_twins(passed, known, exact)
    if not folded.cards:
        raise ZoographError(
            f"Every candidate ({len(passed):,} in all) is somebody's upload of a copy. Add --all-variants."
        )
    return Candidates(tuple(folded.cards), folded.twins, len(passed) - len(folded.cards), tuple(steps))


def _choose_named(readers: list[ModelCard], named: NamedModels, modality: str) -> list[ModelCard]:
    chosen = [card for card in readers if card.id in named.ids]
    if wrong := sorted(named.exact - {card.id for card in chosen}):
        raise ZoographError(f"The models must read {modality}s (got '{wrong[0]}', which does not). Leave it out.")
    if not chosen:
        names = count_of(len(named.ids), "model, which does not read", "models, of which none reads")
        raise ZoographError(f"No candidate is left: --models names {names} {modality}. Name others.")
    return chosen
