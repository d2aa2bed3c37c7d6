"""What a choice prints: a line a measurement while it runs, and at the end the choice and how to go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from zoograph.scripts.choosing import printing
from zoograph.scripts.choosing.printing import live, print_choice
from zoograph.training.choosing.choice import Choice, Left
from zoograph.training.choosing.loop import Standing


def test_every_measurement_is_a_line_once(choice: Choice, capsys: pytest.CaptureFixture[str]) -> None:
    with live(900.0) as (watch, progress):
        for number in (0, 1, 2):
            trials = choice.trials[:number]
            watch(Standing(10.0, choice.next, trials, "net_a.in1k", 0.91, 0.88, 0.94, 0.42))
            progress(1, 2)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "[01:00] net_b.in1k: 0.800 (probe on a small sample, 12 s). Leader: net_b.in1k, 0.850 (0.70 – 0.95), "
        "expected regret 2.50 points.",
        "[08:00] net_a.in1k: 0.930 (retrained head, 80 s). Leader: net_a.in1k, 0.910 (0.88 – 0.94), "
        "expected regret 0.42 points.",
    ]


def test_a_candidate_that_failed_is_a_line_once(choice: Choice, capsys: pytest.CaptureFixture[str]) -> None:
    """The expected regret fell without a visible reason."""
    with live(900.0) as (watch, _):
        for left in ((), (Left("net_c.in1k", "It is broken."),), (Left("net_c.in1k", "It is broken."),)):
            watch(Standing(70.0, choice.next, (), "net_a.in1k", 0.91, 0.88, 0.94, 0.42, left))
    assert capsys.readouterr().err.splitlines() == ["[01:10] net_c.in1k is left out: It is broken."]


def test_the_choice_comes_first_and_how_to_go_on_last(choice: Choice, capsys: pytest.CaptureFixture[str]) -> None:
    print_choice(choice)
    lines = capsys.readouterr().out.strip().splitlines()
    assert " ".join(lines)[: len(choice.sentence)] == choice.sentence
    assert lines[-1] == choice.command
    assert choice.snippet.splitlines()[-1] in lines


def test_a_chance_is_never_sure(choice: Choice, capsys: pytest.CaptureFixture[str]) -> None:
    sure, out = choice.picked._replace(best=1.0), choice.picked._replace(best=0.0)
    print_choice(replace(choice, ranking=(sure, out)))
    printed = capsys.readouterr().out
    assert ">99 %" in printed
    assert "<1 %" in printed


def test_progress_is_two_lines_that_end_with_names(choice: Choice, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    @contextmanager
    def stage_bar() -> Iterator[Callable[[str, int, int], None]]:
        yield lambda name, done, total: told.append(name)

    monkeypatch.setattr(printing, "stage_bar", stage_bar)
    with live(900.0) as (watch, _):
        for doing in (choice.next, None):
            watch(Standing(10.0, doing, (), "net_a.in1k", 0.91, 0.88, 0.94, 0.42))
    leader = "regret 0.42, leader 0.910 (0.88 – 0.94): net_a.in1k"
    assert told == [f"retrained head: net_b.in1k\n{leader}", leader]
