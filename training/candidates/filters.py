"""Filters: which models are candidates of a ranking, and which filter left out how many."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import NamedTuple

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.files.counts import count_of
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.naming.names import NEAREST
from zoograph.data.records.pretraining import Objective

Number = Callable[[ModelCard], float | None]
"""A number of a model; None where it is not known."""


@dataclass(frozen=True)
class Filters:
    """Which models are candidates; what is empty or None asks for nothing.

    A model of which a limited number is not known is left out.

    Attributes:
        models: names, patterns with ``*``, and files of these; one of them has to mean the model, see
            :func:`zoograph.training.candidates.named_models.find_named`.
        max_params: most parameters.
        max_gmacs: most multiply-accumulates of a forward pass, in units of 1e9.
        max_input_size: largest side of the input, in pixels.
        min_images_per_second: on the device of the question.
        licence: of the weights, one of these; letters in any case.
        family: of the architecture, one of these; letters in any case.
        objective: what it was trained for, one of these.
        timm_only: weights that timm publishes.
        measured_only: models with a record of what is asked.
        all_variants: also uploads, and near-twins of other candidates.

    Raises:
        TypeError: if a limit is no number.
    """

    models: tuple[str, ...] = ()
    max_params: int | None = None
    max_gmacs: float | None = None
    max_input_size: int | None = None
    min_images_per_second: float | None = None
    licence: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    objective: tuple[Objective, ...] = ()
    timm_only: bool = False
    measured_only: bool = False
    all_variants: bool = False

    def __post_init__(self) -> None:
        for name in ("max_params", "max_gmacs", "max_input_size", "min_images_per_second"):
            limit = getattr(self, name)
            if limit is not None and (isinstance(limit, bool) or not isinstance(limit, Real)):
                raise TypeError(f"'{name}' must be a number, such as 30_000_000, or None (got {limit!r}).")


class Step(NamedTuple):
    """What one filter did.

    Attributes:
        option: that chose it.
        left: candidates after it.
        removed: models that it left out, those of unknown figures included.
        unknown: models that it left out because the figure is not known.
    """

    option: str
    left: int
    removed: int
    unknown: int = 0


class _Limit(NamedTuple):
    option: str
    number: Number
    limit: float | None
    is_least: bool
    unit: str

    def allows(self, value: float) -> bool:
        assert self.limit is not None
        return value >= self.limit if self.is_least else value <= self.limit


def apply_filters(
    cards: Sequence[ModelCard], filters: Filters, is_measured: Callable[[ModelCard], bool], speed: Number
) -> tuple[list[ModelCard], list[Step]]:
    """Return the models that pass, and what each filter did, in order.

    Args:
        cards: of all models that read what the dataset is made of.
        filters: those of names and near-twins are not applied here.
        is_measured: whether a model has a record of what is asked.
        speed: images a second on the device that is asked about.

    Raises:
        UnknownName: if no model is of a family, or has a licence, that is asked for.
        ZoographError: if no candidate is left, with what each filter left over.
    """
    steps: list[Step] = []
    left = list(cards)
    for option, passes in _choices(cards, filters, is_measured):
        kept = [card for card in left if passes(card)]
        steps.append(Step(option, len(kept), len(left) - len(kept)))
        left = _require_any(kept, left, steps, len(cards))
    for limit in _limits(filters, speed):
        known = [(value, card) for card in left if (value := limit.number(card)) is not None]
        kept = [card for value, card in known if limit.allows(value)]
        steps.append(Step(limit.option, len(kept), len(left) - len(kept), len(left) - len(known)))
        left = _require_any(kept, left, steps, len(cards), _describe_nearest(limit, known))
    return left, steps


def _choices(
    cards: Sequence[ModelCard], filters: Filters, is_measured: Callable[[ModelCard], bool]
) -> Iterable[tuple[str, Callable[[ModelCard], bool]]]:
    if filters.measured_only:
        yield "--measured-only", is_measured
    if filters.family:
        families = _require_known("family", filters.family, [card.family for card in cards])
        yield "--family", lambda card: (card.family or "").casefold() in families
    if filters.licence:
        licences = _require_known("licence", filters.licence, [card.licence for card in cards])
        yield "--licence", lambda card: (card.licence or "").casefold() in licences
    if filters.objective:
        yield "--objective", lambda card: card.objective in filters.objective
    if filters.timm_only:
        yield "--timm-only", lambda card: "timm" in card.source.split("; ")


def _limits(filters: Filters, speed: Number) -> list[_Limit]:
    limits = (
        _Limit("--max-params", lambda card: card.parameters, filters.max_params, False, "parameters"),
        _Limit("--max-gmacs", lambda card: card.gmacs, filters.max_gmacs, False, "GMACs"),
        _Limit("--max-input-size", lambda card: card.input_size, filters.max_input_size, False, "pixels"),
        _Limit("--min-speed", speed, filters.min_images_per_second, True, "images a second"),
    )
    return [limit for limit in limits if limit.limit is not None]


def _require_any(
    kept: list[ModelCard], before: Sequence[ModelCard], steps: Sequence[Step], everyone: int, nearest: str = ""
) -> list[ModelCard]:
    if kept:
        return kept
    counts = ", ".join(f"{step.option} left {step.left:,}" for step in steps)
    models = count_of(everyone, "model")
    raise ZoographError(f"No candidate is left of {models}: {counts}{nearest}. Relax or leave out {steps[-1].option}.")


def _describe_nearest(limit: _Limit, known: Sequence[tuple[float, ModelCard]]) -> str:
    """Return the model that comes nearest to a limit that none keeps, in brackets."""
    if not known:
        return f" (of none it is known how many {limit.unit} it has)"
    value, card = (max if limit.is_least else min)(known, key=lambda pair: pair[0])
    figure = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f" ('{card.id}' comes nearest with {figure} {limit.unit})"


def _require_known(kind: str, wanted: Iterable[str], known: Iterable[str | None]) -> frozenset[str]:
    """Return what is wanted in small letters.

    Raises:
        UnknownName: if no card has one of them, with the nearest ones.
    """
    names = {name.casefold(): name for name in known if name}
    for word in wanted:
        if word.casefold() not in names:
            nearest = difflib.get_close_matches(word.casefold(), names, n=NEAREST, cutoff=0.0)
            valid = f"Valid names: {', '.join(sorted(names.values()))}."
            raise UnknownName(kind, word, [names[name] for name in nearest], valid)
    return frozenset(word.casefold() for word in wanted)
