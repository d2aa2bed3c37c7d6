"""Parsing of measured values: numbers, percent signs, scores, and the one unit of a whole file."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

_GROUPED = r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?"
_NUMBER = rf"[+-]?(?:{_GROUPED}|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{{1,4}})?"
_READING = re.compile(rf"({_NUMBER})\s*(%?)(?:\s*(?:±|\+/-|\+-)\s*{_NUMBER}\s*(%?))?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_LONGEST_TEXT = 100
_UNKNOWN = frozenset({"", "nan", "nat", "none", "null"})
_SCORES = "transferability scores come in with --scores"
_FEWEST_IN_A_HALF = 2
_FEWEST_TO_JUDGE = 3
_LOW_PERCENTAGE = 5
_SOME = 0.1  # fewer values above 1 than this share are mistakes in a file of fractions
_INFINITE = Decimal("1e300")  # some trackers write the largest double instead of infinity


class BadValue(ValueError):
    """A cell that holds no value, and why."""


class OutOfRange(BadValue):
    """A number that is no accuracy."""

    def __init__(self, number: Decimal, reason: str) -> None:
        self.number = number
        super().__init__(f"{reason}; {_SCORES}")


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
        BadValue: if it is empty, no number, not finite, negative or above 100 (then an :class:`OutOfRange`).

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
        raise OutOfRange(number, f"the value '{text}' is negative")
    if number > 100:
        raise OutOfRange(number, f"the value '{text}' is above 100")
    return Reading(number, bool(found[2] or found[3]))


def read_score(text: str) -> float:
    """Read a transferability score: any finite number, such as ``-1.25`` or ``3e2``.

    Raises:
        BadValue: if it is none.
    """
    try:
        score = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise BadValue(
            "the score is missing" if not text else f"the score '{text[:_LONGEST_TEXT]}' is no finite number"
        )
    return score


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


@dataclass
class _Seen:
    """Values of one unit's look: how many, and on which lines the first and the last of them are."""

    count: int = 0
    first: int = 0
    last: int = 0

    def add(self, line: int) -> None:
        self.count += 1
        self.first, self.last = self.first or line, line


@dataclass
class ValueSurvey:
    """What the values of a table, or of a part of it, look like.

    Attributes:
        percent: values above 1, and those with a percent sign.
        fraction: values in (0, 1].
        negative: values below 0.
        above: values above 100.
        largest: of all of them.
    """

    percent: _Seen = field(default_factory=_Seen)
    fraction: _Seen = field(default_factory=_Seen)
    negative: int = 0
    above: int = 0
    largest: Decimal = Decimal(0)

    def count(self, number: Decimal, percent: bool = False, line: int = 0) -> None:
        """Count one value, which needs not be an accuracy."""
        if abs(number) > _INFINITE:
            return
        self.largest = max(self.largest, number)
        if number < 0:
            self.negative += 1
        elif number > 100:
            self.above += 1
        elif percent or number > 1:
            self.percent.add(line)
        elif number > 0:
            self.fraction.add(line)

    def join(self, other: ValueSurvey) -> ValueSurvey:
        """Return what both together look like."""
        return ValueSurvey(
            _join(self.percent, other.percent),
            _join(self.fraction, other.fraction),
            self.negative + other.negative,
            self.above + other.above,
            max(self.largest, other.largest),
        )

    @property
    def unit(self) -> Unit:
        """What the majority of the values speaks for, percent if they are even; 0 speaks for neither."""
        return Unit.PERCENT if self.percent.count and self.percent.count >= self.fraction.count else Unit.FRACTION

    def num_against(self, unit: Unit) -> int:
        """Return how many values look as if they had another unit."""
        return (self.fraction if unit is Unit.PERCENT else self.percent).count

    def find_change(self) -> tuple[int, Unit, Unit] | None:
        """Return the line where the unit changes once for all, and the units before and after it; else None.

        A single value of another look is no change of the unit.
        """
        looks = ((self.percent, Unit.PERCENT), (self.fraction, Unit.FRACTION))
        for (first, before), (second, after) in (looks, looks[::-1]):
            if min(first.count, second.count) >= _FEWEST_IN_A_HALF and first.last < second.first:
                return second.first, before, after
        return None

    @property
    def oddity(self) -> str | None:
        """Why these can hardly be accuracies, in words; None if they can."""
        num_inside, num_outside = self.percent.count + self.fraction.count, self.negative + self.above
        if self.negative and self.percent.count + self.above:
            return "it has values below 0 beside values above 1"
        if num_outside > num_inside and num_outside + num_inside >= _FEWEST_TO_JUDGE:
            return "most of its values are outside [0, 100]"
        is_mixed = num_inside >= _FEWEST_TO_JUDGE and self.percent.count > num_inside * _SOME
        if is_mixed and self.largest <= _LOW_PERCENTAGE:
            return f"it has values above 1 and none above {_LOW_PERCENTAGE}"
        return None


def _join(one: _Seen, other: _Seen) -> _Seen:
    if not (one.count and other.count):
        return one if one.count else other
    return _Seen(one.count + other.count, min(one.first, other.first), max(one.last, other.last))


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
