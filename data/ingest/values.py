"""Parsing of measured values: numbers, percent signs, and the one unit of a whole file."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

_GROUPED = r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?"
_NUMBER = rf"[+-]?(?:{_GROUPED}|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{{1,4}})?"
_READING = re.compile(rf"({_NUMBER})\s*(%?)(?:\s*(?:±|\+/-|\+-)\s*{_NUMBER}\s*(%?))?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_LONGEST_TEXT = 100
_UNKNOWN = frozenset({"", "nan", "nat", "none", "null"})


class BadValue(ValueError):
    """A cell that holds no value, and why."""


class Unit(StrEnum):
    """What 1 means in a file: one percent, or everything."""

    PERCENT = "percent"
    FRACTION = "fraction"


@dataclass(frozen=True)
class Reading:
    """A number as it was written.

    Attributes:
        number: without its spread.
        percent: whether a percent sign follows.
    """

    number: Decimal
    percent: bool = False


def read_value(text: str) -> Reading:
    """Read a measured value: ``0.8``, ``80``, ``80 %``, ``8e1``, ``1,014.45`` or ``20.0 ± 1.2``; the spread is dropped.

    Raises:
        BadValue: if it is empty, no number, not finite, negative or above 100.

    >>> read_value("20.0 ± 1.2").number
    Decimal('20.0')
    """
    if not text:
        raise BadValue("the value is missing")
    found = _READING.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if found is None:
        raise BadValue(_what_is_wrong(text))
    number = Decimal(found[1].replace(",", ""))
    if number < 0:
        raise BadValue(f"the value '{text}' is negative")
    if number > 100:
        raise BadValue(f"the value '{text}' is above 100")
    return Reading(number, bool(found[2] or found[3]))


def is_unknown(text: str) -> bool:
    """Whether a cell says that something is not known: it is empty, or what programs write for nothing."""
    return text.lower() in _UNKNOWN


def _what_is_wrong(text: str) -> str:
    shown = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
    if _NOT_FINITE.fullmatch(text):
        return f"the value '{shown}' is not finite"
    if re.fullmatch(r"[+-]?[0-9]+,[0-9]+", text):
        return f"the value '{shown}' has a comma that groups no thousands: write a point"
    return f"the value '{shown}' is no number"


class UnitVote:
    """Decides the unit of a file, once for all of its rows.

    Values above 1 and percent signs speak for percent, values in (0, 1] for fractions, and 0 for neither. The
    majority decides, percent if they are even.
    """

    def __init__(self) -> None:
        self._votes: Counter[Unit] = Counter()

    def count(self, reading: Reading) -> None:
        """Count one value."""
        if reading.percent or reading.number > 1:
            self._votes[Unit.PERCENT] += 1
        elif reading.number > 0:
            self._votes[Unit.FRACTION] += 1

    @property
    def unit(self) -> Unit:
        """The unit of the file."""
        percent, fraction = self._votes[Unit.PERCENT], self._votes[Unit.FRACTION]
        return Unit.PERCENT if percent and percent >= fraction else Unit.FRACTION

    def num_against(self, unit: Unit) -> int:
        """Return how many values look as if they had another unit."""
        return sum(self._votes.values()) - self._votes[unit]


def convert(reading: Reading, unit: Unit) -> float:
    """Return a value as a fraction in [0, 1].

    Raises:
        BadValue: if it does not fit a file of fractions.
    """
    if unit is Unit.PERCENT:
        return float(reading.number.scaleb(-2))  # exactly what the same value is as a fraction
    if reading.percent:
        raise BadValue("the value has a percent sign in a file of fractions")
    if reading.number > 1:
        raise BadValue(f"the value {reading.number} is above 1 in a file of fractions")
    return float(reading.number)
