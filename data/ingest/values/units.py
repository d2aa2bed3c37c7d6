"""Units: whether the values of a column are percent or fractions, and what makes them doubtful."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import reduce

from zoograph.data.ingest.values.numbers import BadValue, Reading

_MOST_COLUMNS = 1_000
_FEWEST_IN_A_HALF = 2
_FEWEST_TO_JUDGE = 3
_LOW_PERCENTAGE = 5
_SOME = 0.1  # fewer values above 1 than this share are mistakes in a file of fractions
_INFINITE = Decimal("1e300")  # some trackers write the largest double instead of infinity


class Unit(StrEnum):
    """What 1 means in a column: one percent, or everything."""

    PERCENT = "percent"
    FRACTION = "fraction"


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
        BadValue: if it does not fit a column of fractions.
    """
    if unit is Unit.PERCENT:
        return float(reading.number.scaleb(-2))  # exactly what the same value is as a fraction
    if reading.percent:
        raise BadValue("the value has a percent sign in a column of fractions")
    if reading.number > 1:
        raise BadValue(f"the value {reading.number} is above 1 in a column of fractions")
    return float(reading.number)


class ColumnUnits:
    """The units of the columns of a table, each decided by its own values.

    A table with very many columns, or sources of its rows, has one unit for all.
    """

    def __init__(self) -> None:
        self._surveys: dict[str, ValueSurvey] = {}

    def count(self, column: str, number: Decimal, percent: bool, line: int) -> None:
        """Count one value of a column, which needs not be an accuracy."""
        if column not in self._surveys and len(self._surveys) >= _MOST_COLUMNS:
            self._surveys = {"": self.joined}
        self._find(column).count(number, percent, line)

    def _find(self, column: str) -> ValueSurvey:
        return self._surveys[""] if "" in self._surveys else self._surveys.setdefault(column, ValueSurvey())

    def get(self, column: str) -> Unit:
        """Return the unit of a column."""
        return self._surveys.get("", self._surveys.get(column, ValueSurvey())).unit

    @property
    def surveys(self) -> Iterable[ValueSurvey]:
        """What the values of each column look like."""
        return self._surveys.values()

    @property
    def joined(self) -> ValueSurvey:
        """What all values look like."""
        return reduce(ValueSurvey.join, self._surveys.values(), ValueSurvey())

    @property
    def units(self) -> dict[Unit, list[str]]:
        """The columns of each unit, those left out whose values speak for neither."""
        found = dict[Unit, list[str]]()
        for column, survey in self._surveys.items():
            if survey.percent.count or survey.fraction.count:
                found.setdefault(survey.unit, []).append(column)
        return found

    def num_against(self, unit: Unit | None = None) -> int:
        """Return how many values look as if they had another unit than that of their column, or than one for all."""
        return sum(survey.num_against(unit or survey.unit) for survey in self._surveys.values())
