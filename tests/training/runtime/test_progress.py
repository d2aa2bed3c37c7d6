"""Progress that is steady, whatever the number of evaluations."""

from __future__ import annotations

from zoograph.training.runtime.progress import Ticker, ignore, part_of

Steps = list[tuple[int, int]]


def test_a_part_never_counts_more_than_it_was_given_and_the_next_begins_after_it() -> None:
    steps: Steps = []
    ticker = Ticker(lambda *step: steps.append(step), 5)
    tick = ticker.start(2)
    for _ in range(4):  # a line search may evaluate more often than it steps
        tick()
    assert steps == [(1, 5), (2, 5), (2, 5), (2, 5)]
    ticker.start(3)()
    assert steps[-1] == (3, 5)
    ticker.finish()
    assert steps[-1] == (5, 5)


def test_nobody_has_to_listen() -> None:
    ticker = Ticker(None, 1)
    ticker.start(1)()
    ticker.finish()
    part_of(None, 0, 2)(1, 1)
    ignore("a warning")


def test_parts_of_a_whole() -> None:
    steps: Steps = []
    for place in range(2):
        advance = part_of(lambda *step: steps.append(step), place, 2)
        advance(1, 4)
        advance(4, 4)
    assert steps == [(1, 8), (4, 8), (5, 8), (8, 8)]
    part_of(lambda *step: steps.append(step), 1, 4, 3)(1, 2)
    assert steps[-1] == (5, 8)
