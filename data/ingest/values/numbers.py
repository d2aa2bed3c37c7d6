"""Numbers as people write them: with points or decimal commas, grouped thousands, percent signs and spreads."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal

_POINT = r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+"
_GROUPED = r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?"
_COMMA = r"[0-9]+,[0-9]*|,[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+,[0-9]*"
_EXPONENT = r"(?:[eE][+-]?[0-9]{1,4})?"
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}(?:\.0)?")
_GROUPED_WHOLE = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.0)?")
_LONGEST_TEXT = 100
_LONGEST_SHOWN = 300
_LARGEST = 2**63 - 1  # of a column of whole numbers
_PERCENT_OF_SPREAD = re.compile(r"[^%]*(?:±|\+/-|\+-)[^%]*%")
_UNKNOWN = frozenset({"", "nan", "nat", "none", "null"})
_SCORES = "transferability scores come in with --scores"


class BadValue(ValueError):
    """A cell that holds no value, and why."""


class OutOfRange(BadValue):
    """A number that is no accuracy."""

    def __init__(self, number: Decimal, reason: str) -> None:
        self.number = number
        super().__init__(f"{reason}; {_SCORES}")


@dataclass(frozen=True)
class Reading:
    """A number as it was written.

    Attributes:
        number: without its spread.
        percent: whether a percent sign follows.
    """

    number: Decimal
    percent: bool = False


def _compile(number: str) -> re.Pattern[str]:
    number = rf"[+-]?(?:{number}){_EXPONENT}"
    return re.compile(rf"({number})\s*(%?)(?:\s*(?:±|\+/-|\+-)\s*{number}\s*(%?))?")


_READING = _compile(f"{_GROUPED}|{_POINT}")
_COMMA_READING = _compile(_COMMA)


def read_value(text: str, decimal_comma: bool = False) -> Reading:
    """Read a measured value: ``0.8``, ``80``, ``80 %``, ``8e1``, ``1,014.45`` or ``20.0 ± 1.2``; the spread is dropped.

    A comma groups thousands, where it can, and is no decimal comma unless the table has such.

    Args:
        text: of the cell.
        decimal_comma: whether one comma stands for the point, as where semicolons part the cells: ``91,4``.

    Raises:
        BadValue: if it is empty, no number, not finite, negative or above 100 (then an :class:`OutOfRange`).

    >>> read_value("20.0 ± 1.2").number, read_value("0,075", decimal_comma=True).number
    (Decimal('20.0'), Decimal('0.075'))
    """
    if not text:
        raise BadValue("the value is missing")
    reading = _match(text, decimal_comma)
    if reading is None:
        raise BadValue(_what_is_wrong(text))
    if reading.percent and 0 < reading.number <= 1 and _PERCENT_OF_SPREAD.fullmatch(text):
        raise BadValue(f"the value '{text}' has its percent sign behind the spread alone: write it behind both or none")
    if reading.number < 0:
        raise OutOfRange(reading.number, f"the value '{text}' is negative")
    if reading.number > 100:
        if re.fullmatch(r"[+-]?[0-9]+,[0-9]{3}\s*%?", text):
            raise BadValue(f"the value '{text}' has a comma, which groups thousands here: write a decimal point")
        raise OutOfRange(reading.number, f"the value '{text}' is above 100")
    return reading


def read_number(text: str, decimal_comma: bool = False) -> float | None:
    """Return a number of any size, without its spread and its percent sign; None if there is none.

    >>> read_number("91,4 %", decimal_comma=True), read_number("n/a")
    (91.4, None)
    """
    reading = _match(text, decimal_comma)
    return None if reading is None else float(reading.number)


def read_score(text: str, decimal_comma: bool = False) -> float:
    """Read a transferability score: any finite number, such as ``-1.25`` or ``3e2``.

    Args:
        text: of the cell.
        decimal_comma: as for :func:`read_value`.

    Raises:
        BadValue: if it is none.
    """
    if decimal_comma and re.fullmatch(rf"[+-]?(?:{_COMMA}){_EXPONENT}", text):
        text = _with_point(text)
    try:
        score = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise BadValue(
            "the score is missing" if not text else f"the score '{text[:_LONGEST_TEXT]}' is no finite number"
        )
    return score


def read_whole_number(name: str, text: str, decimal_comma: bool = False) -> int | None:
    """Read a whole number, with commas that group thousands or not; None if it is not known.

    Args:
        name: what it counts.
        text: of the cell.
        decimal_comma: as for :func:`read_value`; then one comma alone may be either, and is refused.

    Raises:
        BadValue: if it is none.
    """
    if is_unknown(text):
        return None
    if _GROUPED_WHOLE.fullmatch(text):
        if decimal_comma and text.count(",") == 1 and "." not in text:
            raise BadValue(f"the {name} '{text}' has a comma that may group thousands or not: write it without")
        text = text.replace(",", "")
    elif decimal_comma:
        text = re.sub(r",0*$", "", text)
    if not _WHOLE.fullmatch(text) or not -_LARGEST <= int(text.removesuffix(".0")) <= _LARGEST:
        raise BadValue(f"the {name} '{text[:_LONGEST_SHOWN]}' is no whole number")
    return int(text.removesuffix(".0"))


def is_unknown(text: str) -> bool:
    """Whether a cell says that something is not known: it is empty, or what programs write for nothing."""
    return text.lower() in _UNKNOWN


def _match(text: str, decimal_comma: bool) -> Reading | None:
    if len(text) > _LONGEST_TEXT:
        return None
    if decimal_comma and (found := _COMMA_READING.fullmatch(text)):
        return Reading(Decimal(_with_point(found[1])), bool(found[2] or found[3]))
    found = _READING.fullmatch(text)
    return None if found is None else Reading(Decimal(found[1].replace(",", "")), bool(found[2] or found[3]))


def _with_point(text: str) -> str:
    return text.replace(".", "").replace(",", ".")


def _what_is_wrong(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        return f"the value '{text[:_LONGEST_TEXT]}…' is longer than {_LONGEST_TEXT} signs"
    if _NOT_FINITE.fullmatch(text):
        return f"the value '{text}' is not finite"
    if re.fullmatch(r"[+-]?[0-9]*,[0-9]+\s*%?", text):
        return f"the value '{text}' has a comma that groups no thousands: write a point"
    return f"the value '{text}' is no number"
