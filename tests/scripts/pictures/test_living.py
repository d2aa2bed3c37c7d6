"""Pictures of a zoo that lives: the replay and the learning curve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zoograph.scripts.pictures.living import Point, draw_learning_curve, draw_replay
from zoograph.scripts.pictures.style import to_png
from zoograph.training.studies.replay import Step


def test_the_replay_is_drawn() -> None:
    steps = [
        Step(100 * k, "full" if k < 3 else "warm", k != 2, 5.0, 0.1 / k, 0.9, {"linear": 0.1}) for k in range(1, 5)
    ]
    assert to_png(draw_replay(steps)).startswith(b"\x89PNG")


def test_the_replay_says_what_is_promised_and_where_its_axis_starts(words: Callable[..., Any]) -> None:
    steps = [Step(100, "full", True, 5.0, 0.1, 0.9, {"linear": 0.1})]
    assert {"promised: 90 %", "share (starts at 0.7)"} <= {text.get_text() for text in words(draw_replay(steps))}


def test_many_predictors_have_a_look_of_their_own_and_room_in_the_legend(words: Callable[..., Any]) -> None:
    curves = {f"p{k}": [Point(100, 0.1, True), Point(200, 0.1, False), Point(300, 0.05, True)] for k in range(12)}
    figure = draw_learning_curve(curves)
    assert {f"p{k}" for k in range(12)} <= {text.get_text() for text in words(figure)}
    (axes,) = figure.axes
    assert len({(line.get_color(), line.get_marker()) for line in axes.lines}) == 12
