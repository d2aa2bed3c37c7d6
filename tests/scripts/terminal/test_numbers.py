"""Numbers on the command line: what is read, and what is refused in a sentence."""

from __future__ import annotations

import pytest
import typer

from zoograph.data.errors import ZoographError
from zoograph.scripts.terminal.numbers import parse_count, parse_positive, parse_sizes, parse_time, parse_utility


@pytest.mark.parametrize(
    ("text", "count"),
    [("30M", 30_000_000), ("1.5B", 1_500_000_000), ("900k", 900_000), ("25557032", 25_557_032), ("0.1m", 100_000)],
)
def test_counts(text: str, count: int) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize("text", ["", "M", "-5M", "0", "0.2", "1e6", "nan", "inf", "30 GB", "٣M"])
def test_what_is_no_count(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"must be a count such as 30M, 1\.5B, 900k or 25557032"):
        parse_count(text)


@pytest.mark.parametrize(("text", "number"), [("0", 0.0), ("0.7", 0.7), ("1", 1.0)])
def test_weights(text: str, number: float) -> None:
    assert parse_utility(text) == number


@pytest.mark.parametrize("text", ["", "-0.1", "1.01", "nan", "half"])
def test_what_is_no_weight(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"must be a number from 0 to 1, such as 0\.7"):
        parse_utility(text)


def test_numbers_above_zero() -> None:
    assert parse_positive("4.5") == 4.5
    for text in ("0", "-1", "inf", "nan", "many"):
        with pytest.raises(typer.BadParameter, match=r"must be a number above 0"):
            parse_positive(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("90s", 90), ("1.5h", 5400), ("2 min", 120), (" 1H ", 3600)]
)
def test_times(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "m", "-5m", "0s", "1e3s", "nan", "1d", "٣m", "9" * 400 + "h"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"must be a time such as 30m, 90s or 1\.5h"):
        parse_time(text)


def test_sizes_are_different_and_in_order() -> None:
    assert parse_sizes("270, 27,270", "--sizes", 0) == [27, 270]


@pytest.mark.parametrize("text", ["many", "5", "", "100,", "1e3"])
def test_what_are_no_sizes(text: str) -> None:
    with pytest.raises(ZoographError, match=r"'--sizes' takes whole numbers from 100 up, separated by commas"):
        parse_sizes(text, "--sizes", 100)
