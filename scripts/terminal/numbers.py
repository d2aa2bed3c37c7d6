"""Numbers as people write them on the command line."""

from __future__ import annotations

import math
import re
from decimal import Decimal

import typer

from zoograph.data.errors import ZoographError

_COUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)([kmbg]?)", re.IGNORECASE)
_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|m|min|h)", re.IGNORECASE)
_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "g": 10**9}


def parse_count(text: str) -> int:
    """Return a count such as ``30M``, ``1.5B``, ``900k`` or ``25557032``.

    >>> parse_count("1.5B"), parse_count("25,557,032")
    (1500000000, 25557032)

    Raises:
        typer.BadParameter: if it is no count of at least one.
    """
    found = _COUNT.fullmatch(text.strip().replace(",", "").replace("_", ""))
    count = int(Decimal(found[1]) * _UNITS[found[2].lower()]) if found else 0
    if count < 1:
        raise typer.BadParameter(f"must be a count such as 30M, 1.5B, 900k or 25557032 (got '{text}').")
    return count


def parse_sizes(text: str, option: str, least: int) -> list[int]:
    """Return different whole numbers in ascending order, of a list such as ``2700,27000``.

    Raises:
        ZoographError: if one is no whole number from ``least`` up.
    """
    try:
        numbers = sorted({int(size) for size in text.split(",")})
    except ValueError:
        numbers = [least - 1]
    if numbers[0] < least:
        raise ZoographError(f"'{option}' takes whole numbers from {least} up, separated by commas (got '{text}').")
    return numbers


def parse_utility(text: str) -> float:
    """Return a number in [0, 1].

    Raises:
        typer.BadParameter: if it is none.
    """
    value = _read(text)
    if not 0.0 <= value <= 1.0:
        raise typer.BadParameter(f"must be a number from 0 to 1, such as 0.7 (got '{text}').")
    return value


def parse_positive(text: str) -> float:
    """Return a number above 0.

    Raises:
        typer.BadParameter: if it is none.
    """
    value = _read(text)
    if not 0.0 < value < math.inf:
        raise typer.BadParameter(f"must be a number above 0, such as 4.5 (got '{text}').")
    return value


def parse_time(text: str) -> float:
    """Return seconds, of a time such as ``30m``, ``90s`` or ``1.5h``.

    >>> parse_time("1.5h"), parse_time("90s"), parse_time("2 min")
    (5400.0, 90.0, 120.0)

    Raises:
        typer.BadParameter: if it is none.
    """
    found = _TIME.fullmatch(text.strip())
    seconds = float(found[1]) * _SECONDS[found[2].lower()] if found else 0.0
    if not 0 < seconds < math.inf:
        raise typer.BadParameter(f"must be a time such as 30m, 90s or 1.5h (got '{text}').")
    return seconds


def _read(text: str) -> float:
    """Return a number, NaN for what is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan
