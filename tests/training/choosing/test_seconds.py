"""Seconds of a measurement: from the speed of the machine, and from what measurements took."""

from __future__ import annotations

import pytest

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import Protocol
from zoograph.training.choosing.seconds import Seconds, Work

SMALL = ModelCard(id="small", source="t")
LARGE = ModelCard(id="large", source="t", parameters=100_000_000)
WORK = {
    Protocol.HEAD: Work(samples=1000, train=700, classes=10),
    Protocol.FINETUNE: Work(samples=1000, train=700, classes=10, epochs=2),
}


def _seconds() -> Seconds:
    return Seconds({"small": 100.0, "large": 10.0}, WORK)


def test_time_is_that_of_passes_over_the_images() -> None:
    seconds = _seconds()
    head = 700 * 1000 * 10 * 2e-9
    assert seconds.predict(SMALL, Protocol.HEAD) == pytest.approx(2 + 10 + head)
    assert seconds.predict(LARGE, Protocol.HEAD) == pytest.approx(2 + 8 + 100 + head)
    assert seconds.predict(SMALL, Protocol.FINETUNE) == pytest.approx(2 + 10 + head + 2 * (3 * 700 + 300) / 100)


def test_a_model_of_unknown_speed_is_a_middling_one() -> None:
    unknown = ModelCard(id="unknown", source="t")
    assert _seconds().predict(unknown, Protocol.HEAD) == pytest.approx(2 + 1000 / 55 + 0.014)


def test_what_measurements_took_corrects_what_is_expected_also_of_other_levels() -> None:
    seconds = _seconds()
    before = seconds.predict(SMALL, Protocol.HEAD), seconds.predict(SMALL, Protocol.FINETUNE)
    seconds.learn(LARGE, Protocol.HEAD, 4 * seconds.predict(LARGE, Protocol.HEAD))
    assert seconds.predict(SMALL, Protocol.HEAD) == pytest.approx(2 * before[0])  # half way, in logarithms
    assert seconds.predict(SMALL, Protocol.FINETUNE) == pytest.approx(2 * before[1])
    for _ in range(200):
        seconds.learn(SMALL, Protocol.FINETUNE, before[1])
    assert seconds.predict(SMALL, Protocol.FINETUNE) == pytest.approx(before[1], rel=0.02)
