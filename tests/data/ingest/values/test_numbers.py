"""Numbers: every rule for what is one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from zoograph.data.ingest.values.numbers import (
    BadValue,
    Reading,
    read_number,
    read_score,
    read_value,
    read_whole_number,
)


@pytest.mark.parametrize(
    ("text", "number", "percent"),
    [
        ("0.8", "0.8", False),
        ("80", "80", False),
        ("+80.", "80", False),
        (".5", "0.5", False),
        ("8e1", "80", False),
        ("80%", "80", True),
        ("80.5 %", "80.5", True),
        ("20.0 ± 1.2", "20.0", False),
        ("20.0±1.2%", "20.0", True),
        ("20.0 +/- 1.2", "20.0", False),
        ("20.0 +- 1.2", "20.0", False),
        ("100", "100", False),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, number: str, percent: bool) -> None:
    assert read_value(text) == Reading(Decimal(number), percent)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the value is missing"),
        ("nan", "is not finite"),
        ("-inf", "is not finite"),
        ("Infinity", "is not finite"),
        ("1.7976931348623157e+308", "is above 100"),
        ("-1.7976931348623157e+308", "is negative"),
        ("1e9999", "is above 100"),
        ("-0.1", "is negative"),
        ("100.01", "is above 100"),
        ("1,014.45", "'1,014.45' is above 100"),
        ("85,3", "has a comma that groups no thousands: write a point"),
        ("1,01", "has a comma that groups no thousands"),
        ("0.8.1", "is no number"),
        ("٨٠", "is no number"),
        ("0x10", "is no number"),
        ("True", "is no number"),
        ("=1+1", "is no number"),
        ("20 ± x", "is no number"),
        ("9" * 101, "is longer than 100 signs"),
        ("0.914 ± 0.3%", "has its percent sign behind the spread alone"),
    ],
)
def test_what_is_no_accuracy_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(BadValue, match=reason.replace("+", r"\+")):
        read_value(text)


def test_scores_are_any_finite_numbers() -> None:
    assert [read_score(text) for text in ("-1.25", "3e2", "0")] == [-1.25, 300.0, 0.0]
    for text, reason in (("", "the score is missing"), ("nan", "is no finite"), ("1_0", "is no"), ("٨", "is no")):
        with pytest.raises(BadValue, match=reason):
            read_score(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0,075", "0.075"),
        ("91,4", "91.4"),
        ("91,375 %", "91.375"),
        ("1,014", "1.014"),
        (",5", "0.5"),
        ("8,5e1", "85"),
        ("91.375", "91.375"),
        ("20,5 ± 1,2", "20.5"),
    ],
)
def test_a_decimal_comma_is_a_point(text: str, number: str) -> None:
    assert read_value(text, decimal_comma=True).number == Decimal(number)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0,075", "has a comma that groups no thousands: write a point"),
        ("0,075.5", "is no number"),
        ("91,375", "has a comma, which groups thousands here: write a decimal point"),
        ("1,2,3", "is no number"),
    ],
)
def test_a_comma_never_groups_what_it_cannot(text: str, reason: str) -> None:
    with pytest.raises(BadValue, match=reason):
        read_value(text)


def test_with_decimal_commas_points_group_and_both_together_tell() -> None:
    for text in ("1.014,45", "1,014.45"):
        with pytest.raises(BadValue, match="is above 100"):
            read_value(text, decimal_comma=True)
    assert read_number("1.014,45", decimal_comma=True) == read_number("1,014.45", decimal_comma=True) == 1014.45
    assert (read_score("-1,25", decimal_comma=True), read_number("x")) == (-1.25, None)


def test_whole_numbers_have_no_decimal_commas() -> None:
    assert read_whole_number("seed", "50,000") == 50_000
    assert read_whole_number("seed", "7,0", decimal_comma=True) == 7
    for text, comma in (("45,5", False), ("45,5", True), ("0,050", False), ("50,000", True)):
        with pytest.raises(BadValue, match=r"no whole number|write it without"):
            read_whole_number("seed", text, comma)
