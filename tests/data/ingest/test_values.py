"""Values: every rule for what is a number, and one unit for a whole file."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoograph.data.ingest.values import BadValue, Reading, Unit, UnitVote, convert, read_value


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
        ("0,000.5", "0.5", False),
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
        ("9" * 101, "is no number"),
    ],
)
def test_what_is_no_accuracy_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(BadValue, match=reason.replace("+", r"\+")):
        read_value(text)


def _decide(*texts: str) -> Unit:
    vote = UnitVote()
    for text in texts:
        vote.count(read_value(text))
    return vote.unit


@pytest.mark.parametrize(
    ("texts", "unit"),
    [
        ((), Unit.FRACTION),
        (("0", "0"), Unit.FRACTION),
        (("0.5", "1", "0"), Unit.FRACTION),
        (("0.5", "50"), Unit.PERCENT),
        (("50", "0.5", "60"), Unit.PERCENT),
        (("0.5", "0.6", "60"), Unit.FRACTION),
        (("0.5%",), Unit.PERCENT),
    ],
)
def test_the_majority_decides_the_unit_once(texts: tuple[str, ...], unit: Unit) -> None:
    assert _decide(*texts) == unit


def test_votes_against_the_unit_are_counted() -> None:
    vote = UnitVote()
    for text in ("50", "0.5", "60", "0"):
        vote.count(read_value(text))
    assert (vote.num_against(Unit.PERCENT), vote.num_against(Unit.FRACTION)) == (1, 2)


def test_the_unit_holds_for_every_value_of_the_file() -> None:
    assert [convert(read_value(text), Unit.PERCENT) for text in ("79.3", "0.5", "1", "100")] == [0.793, 0.005, 0.01, 1]
    assert [convert(read_value(text), Unit.FRACTION) for text in ("0.793", "1", "0")] == [0.793, 1.0, 0.0]
    with pytest.raises(BadValue, match="above 1 in a file of fractions"):
        convert(read_value("1.5"), Unit.FRACTION)
    with pytest.raises(BadValue, match="percent sign in a file of fractions"):
        convert(read_value("0.5%"), Unit.FRACTION)


@given(st.text(max_size=20))
def test_any_text_is_a_value_in_its_range_or_is_refused(text: str) -> None:
    try:
        reading = read_value(text)
    except BadValue:
        return
    assert 0 <= reading.number <= 100


@given(st.floats(min_value=0, max_value=1))
def test_a_fraction_and_its_percentage_are_the_same_value(value: float) -> None:
    assert convert(read_value(repr(value)), Unit.FRACTION) == value
    percentage = format(Decimal(repr(value)).scaleb(2), "f")
    if len(percentage) <= 100:
        assert convert(read_value(percentage), Unit.PERCENT) == value


@given(st.floats())
def test_floats_of_all_kinds_never_become_anything_else(value: float) -> None:
    fits = math.isfinite(value) and 0 <= value <= 100
    try:
        assert float(read_value(repr(value)).number) == value
        assert fits
    except BadValue:
        assert not fits or value == 0
