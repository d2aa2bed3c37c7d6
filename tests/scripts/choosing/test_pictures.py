"""Pictures of a choice: what the axes say, and one mark a measurement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from zoograph.scripts.choosing.pictures import draw_ranking, draw_regret
from zoograph.training.choosing.choice import Choice


def test_regret_falls_over_minutes_with_a_mark_a_measurement(choice: Choice, words: Callable[[Any], list[Any]]) -> None:
    figure = draw_regret(choice)
    (axes,) = figure.axes
    assert axes.lines[0].get_xdata().tolist() == [0.0, 1.0, 8.0, 8.0]
    assert axes.lines[0].get_ydata().tolist() == [4.0, 2.5, 0.42, 0.42]
    assert axes.get_ylim()[0] == 0
    text = {word.get_text() for word in words(figure)}
    assert {"minutes", "expected regret, points of accuracy", "probe on a small sample", "retrained head"} <= text
    assert "enough: it stops below" in text


def test_a_call_without_a_measurement_says_so_in_its_picture(choice: Choice, words: Callable[[Any], list[Any]]) -> None:
    same = replace(choice, trials=(), first_regret=0.42)
    text = {word.get_text() for word in words(draw_regret(same))}
    assert "Nothing was measured in this call: 0.42 points throughout." in text
    text = {word.get_text() for word in words(draw_regret(replace(choice, trials=())))}
    assert "Nothing was measured in this call: 4.00 points at first, and 0.42 points in the end." in text


def test_the_line_ends_with_the_choice_where_candidates_failed_after_the_last_measurement(choice: Choice) -> None:
    (axes,) = draw_regret(replace(choice, spent=600.0, picked=choice.picked._replace(regret=0.1))).axes
    assert axes.lines[0].get_xdata().tolist() == [0.0, 1.0, 8.0, 10.0]
    assert axes.lines[0].get_ydata().tolist() == [4.0, 2.5, 0.42, 0.1]


def test_where_nothing_is_to_be_lost_there_is_a_picture(choice: Choice) -> None:
    sure = replace(choice, trials=(), first_regret=0.0, threshold=0.0, picked=choice.picked._replace(regret=0.0))
    (axes,) = draw_regret(sure).axes  # a warning is an error here
    assert axes.get_ylim() == (0.0, 1.0)


def test_a_short_call_counts_seconds(choice: Choice) -> None:
    (probe, _) = choice.trials
    (axes,) = draw_regret(replace(choice, spent=75.0, trials=(probe,))).axes
    assert axes.get_xlabel() == "seconds"
    assert axes.lines[0].get_xdata().tolist() == [0.0, 60.0, 75.0]
    assert axes.collections[0].get_offsets().tolist() == [[60.0, 2.5]]


def test_the_ranking_names_candidates_from_the_choice_down(choice: Choice, words: Callable[[Any], list[Any]]) -> None:
    figure = draw_ranking(choice)
    axes, _ = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["net_b.in1k", "net_a.in1k"]
    text = {word.get_text() for word in words(figure)}
    assert {"90 % interval", "expected", "measured, retrained head", "measured, probe on a small sample"} <= text
    assert any(word.startswith("accuracy (axis starts at 0.") for word in text)


def test_what_is_expected_has_a_mark_where_it_was_not_measured(
    choice: Choice, words: Callable[[Any], list[Any]]
) -> None:
    measured = replace(choice, ranking=tuple(candidate._replace(head=0.9) for candidate in choice.ranking))
    assert "expected" not in {word.get_text() for word in words(draw_ranking(measured))}
    axes, _ = draw_ranking(choice).axes
    (expected,) = (part for part in axes.collections if part.get_label() == "expected")
    assert expected.get_offsets().tolist() == [[0.88, 0.0]]
