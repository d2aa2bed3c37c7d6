"""Units: each column has its own, and what makes a table doubtful."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoograph.data.ingest.values.numbers import (
    BadValue,
    OutOfRange,
    read_value,
)
from zoograph.data.ingest.values.units import Unit, ValueSurvey, convert


def _survey(*texts: str) -> ValueSurvey:
    survey = ValueSurvey()
    for line, text in enumerate(texts, start=2):
        try:
            reading = read_value(text)
        except OutOfRange as error:
            survey.count(error.number)
        else:
            survey.count(reading.number, reading.percent, line)
    return survey


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
    assert _survey(*texts).unit == unit


def test_values_against_the_unit_are_counted_over_all_parts_of_a_table() -> None:
    survey = _survey("50", "0.5").join(_survey("60", "0"))
    assert (survey.num_against(Unit.PERCENT), survey.num_against(Unit.FRACTION)) == (1, 2)


@pytest.mark.parametrize(
    ("texts", "change"),
    [
        (("80", "81", "0.8", "0.81"), (4, Unit.PERCENT, Unit.FRACTION)),
        (("0.8", "0", "0.81", "80", "81"), (5, Unit.FRACTION, Unit.PERCENT)),
        (("80", "81", "82", "0.8"), None),
        (("80", "0.8", "81", "0.81"), None),
        (("80", "81"), None),
    ],
)
def test_a_unit_that_changes_once_for_all_is_found(
    texts: tuple[str, ...], change: tuple[int, Unit, Unit] | None
) -> None:
    assert _survey(*texts).find_change() == change


def test_a_change_is_found_across_the_columns_of_a_matrix() -> None:
    one, other = ValueSurvey(), ValueSurvey()
    for line, number in ((2, 80), (3, 81), (4, Decimal("0.8")), (5, Decimal("0.81"))):
        one.count(Decimal(number), line=line)
        other.count(Decimal(number), line=line)
    assert one.join(other).find_change() == (4, Unit.PERCENT, Unit.FRACTION)


@pytest.mark.parametrize(
    ("texts", "oddity"),
    [
        (("80", "0.1", "0"), None),
        (("0.8", "-0.1"), None),
        (("-0.5", "1.2"), "it has values below 0 beside values above 1"),
        (("-0.5", "300"), "it has values below 0 beside values above 1"),
        (("300", "400", "5"), "most of its values are outside [0, 100]"),
        (("-0.1", "-0.2", "0.3"), "most of its values are outside [0, 100]"),
        (("0.4", "1.3", "1.1"), "it has values above 1 and none above 5"),
        (("1.3", "1.1"), None),
        (("-1",), None),
        (("0.4",) * 9 + ("1.3",), None),
        (("0.4",) * 8 + ("1.3",), "it has values above 1 and none above 5"),
    ],
)
def test_values_that_can_hardly_be_accuracies_are_told(texts: tuple[str, ...], oddity: str | None) -> None:
    assert _survey(*texts).oddity == oddity


def test_the_unit_holds_for_every_value_of_the_file() -> None:
    assert [convert(read_value(text), Unit.PERCENT) for text in ("79.3", "0.5", "1", "100")] == [0.793, 0.005, 0.01, 1]
    assert [convert(read_value(text), Unit.FRACTION) for text in ("0.793", "1", "0")] == [0.793, 1.0, 0.0]
    with pytest.raises(BadValue, match="above 1 in a column of fractions"):
        convert(read_value("1.5"), Unit.FRACTION)
    with pytest.raises(BadValue, match="percent sign in a column of fractions"):
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
