"""Rows as arrays: words once, sums of what agrees, and the same rows back."""

from __future__ import annotations

import math

import numpy as np

from zoograph.data.store.soundness.columns import Columns, in_chunks

ROWS = [("a", "x", 1.0, None), ("b", "x", 2.0, 3), ("a", "x", 4.0, 5), ("a", "y", 8.0, 7)]


def made() -> Columns:
    return Columns.empty(("model", "dataset"), ("value", "size")).extended(in_chunks(iter(ROWS), 3))


def test_rows_in_chunks_are_the_rows_in_one() -> None:
    rows = made()
    assert len(rows) == 4
    assert rows.words == {"model": ("a", "b"), "dataset": ("x", "y")}
    assert rows.texts("model").tolist() == ["a", "b", "a", "a"]
    assert rows.numbers["value"].tolist() == [1.0, 2.0, 4.0, 8.0]
    assert math.isnan(rows.numbers["size"][0])
    table = rows.to_frame()
    assert list(table.columns) == ["model", "dataset", "value", "size"]
    assert table["dataset"].tolist() == ["x", "x", "x", "y"]


def test_words_of_a_table_are_in_the_order_of_the_alphabet() -> None:
    """However they came in, so that what is grouped by them does not depend on it."""
    rows = Columns.empty(("model",), ("value",)).extended([[("b", 1.0), ("a", 2.0), ("b", 4.0)]])
    table = rows.at(np.array([0, 1, 2])).to_frame()
    assert list(table["model"].cat.categories) == ["a", "b"]
    assert table.groupby("model", observed=True)["value"].sum().to_dict() == {"a": 2.0, "b": 5.0}
    assert list(rows.at(np.array([0])).to_frame()["model"]) == ["b"]


def test_what_agrees_is_summed() -> None:
    rows = made().at(np.array([1, 2, 0, 3]))
    rows.numbers["size"][2] = 0.0
    summed = rows.summed()
    found = list(zip(summed.texts("model"), summed.texts("dataset"), *summed.numbers.values(), strict=True))
    assert sorted(found) == [("a", "x", 5.0, 5.0), ("a", "y", 8.0, 7.0), ("b", "x", 2.0, 3.0)]
    assert len(Columns.empty(("model",), ("value",)).summed()) == 0


def test_more_words_than_a_number_can_tell_apart_are_numbered_anew() -> None:
    many = range(70_000)
    rows = [(f"a{i}", f"b{i}", f"c{i}", f"d{i}", 1.0) for i in many]
    made = Columns.empty(("a", "b", "c", "d"), ("n",)).extended([rows, rows])
    summed = made.summed()
    assert len(summed) == len(many)
    assert set(summed.numbers["n"]) == {2.0}
    assert set(zip(summed.texts("a"), summed.texts("d"), strict=True)) == {(f"a{i}", f"d{i}") for i in many}


def test_rows_among_words() -> None:
    assert made().among("dataset", ["y", "z"]).tolist() == [False, False, False, True]
    assert made().among("dataset", []).tolist() == [False] * 4


def test_chunks_leave_nothing_out() -> None:
    assert list(in_chunks(iter([(1,), (2,), (3,)]), 2)) == [[(1,), (2,)], [(3,)]]
    assert list(in_chunks(iter([]), 2)) == []
