"""Near-twins: models that are nearly the same, of which one stands for all in a ranking."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.naming.hub_copies import HUB_COPIES
from zoograph.data.records.pretraining import LineageKind
from zoograph.data.records.published import copied_from, is_published

_DIGITS = re.compile(r"\d+")


class Folded(NamedTuple):
    """Models of which each stands for itself and its twins.

    Attributes:
        cards: of those that stand.
        twins: model -> ids of those that it stands for, without its own.
        num_hidden: models that none of these stands for: uploads of unknown weights.
    """

    cards: list[ModelCard]
    twins: Mapping[str, tuple[str, ...]]
    num_hidden: int


def fold_twins(cards: Iterable[ModelCard], known: Collection[str], named: Collection[str] = ()) -> Folded:
    """Return one model for all that are nearly the same: one for each architecture and recipe.

    First come those with the same weights, under names of several publishers too: an upload that was fine-tuned from
    published weights belongs to these. Of several, the one that was there first stands for all, if it was measured or
    none was; else the first by name that was. Then those with one architecture, input size, objective and chain of
    corpora whose recipes differ in numbers alone, such as ``a1_in1k`` and ``a2_in1k``, or ``300ep_in1k`` and
    ``600ep_in1k``: of these the one with the highest accuracy on ImageNet stands for those that were not measured.

    Args:
        cards: of candidates.
        known: ids of the models that were measured. Except of the same weights, each of them stands for itself.
        named: ids of models that were asked for by name, of which each stands for itself.
    """
    cards = list(cards)
    groups = _same_weights(cards)
    stands: dict[str, list[str]] = {}
    for name, group in groups.items():
        own = [card.id for card in group if card.id in named]
        published = [card.id for card in group if is_published(card) and card.id not in named]
        first = own or sorted(published, key=lambda id: (id not in known, id != name, id))
        if first:
            stands |= {id: [] for id in own}
            stands[first[0]] = [card.id for card in group if card.id not in (*own, first[0])]
    kept = _fold_recipes([card for card in cards if card.id in stands], {*known, *named}, stands)
    twins = {card.id: tuple(stands[card.id]) for card in kept}
    num_hidden = len(cards) - len(kept) - sum(map(len, twins.values()))
    return Folded(kept, {id: others for id, others in twins.items() if others}, num_hidden)


def _same_weights(cards: Sequence[ModelCard]) -> dict[str, list[ModelCard]]:
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
    return groups


def _same_as(card: ModelCard) -> str | None:
    stated = (step.model for step in card.derived_from if step.kind is LineageKind.SAME_WEIGHTS)
    return next(stated, HUB_COPIES.get(card.id))


def _fold_recipes(cards: list[ModelCard], alone: Collection[str], stands: dict[str, list[str]]) -> list[ModelCard]:
    groups: dict[tuple[object, ...], list[ModelCard]] = {}
    for card in cards:
        groups.setdefault(recipe_of(card), []).append(card)
    kept: set[str] = set()
    for group in groups.values():
        own = [card for card in group if card.id in alone]
        best = min(own or group, key=lambda card: (-(card.imagenet_top1 or 0.0), card.id))
        kept |= {best.id, *(card.id for card in own)}
        for card in group:
            if card.id not in kept:
                stands[best.id] += [card.id, *stands[card.id]]
    return [card for card in cards if card.id in kept]


def recipe_of(card: ModelCard) -> tuple[object, ...]:
    """Return what near-twins have in common; a model of unknown architecture has no twins.

    >>> card = ModelCard(id="resnet50.a1_in1k", source="timm", architecture="resnet50", corpora=("imagenet",))
    >>> recipe_of(card)
    ('resnet50', None, None, None, ('imagenet',), '.a#_in#k')
    """
    if card.architecture is None or card.architecture not in card.id:
        return (card.id,)
    tag = _DIGITS.sub("#", card.id.partition(card.architecture)[2])
    return (card.architecture, card.parameters, card.input_size, card.objective, card.trained_on, tag)
