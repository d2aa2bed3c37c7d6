"""The toy zoo is as its description says, and whole: every record has its cards."""

from __future__ import annotations

from zoograph.data.testing.toy_zoo import make_toy_zoo


def test_the_toy_zoo_is_as_described() -> None:
    zoo = make_toy_zoo()
    assert list(zoo.models) == ["small", "large", "hub/other"]
    assert [card.domain for card in zoo.datasets.values()] == ["sketch", "sketch", "photo", None]
    head = zoo.runs[(zoo.runs["protocol"] == "head") & (zoo.runs["metric"] == "top1")]
    assert len(head) == 6
    assert head.groupby(["model", "dataset"])["value"].mean()["small", "s1"] == 0.6


def test_every_record_has_its_cards() -> None:
    zoo = make_toy_zoo()
    for frame in (zoo.runs, zoo.scores):
        assert set(frame["model"]) <= zoo.models.keys()
        assert set(frame["dataset"]) <= zoo.datasets.keys()
    assert set(zoo.relations["dataset"]) | set(zoo.relations["other"]) <= zoo.datasets.keys()
    assert {card.pretrained_on for card in zoo.models.values()} - {None} <= zoo.datasets.keys()


def test_every_call_makes_a_new_one() -> None:
    first = make_toy_zoo()
    first.runs.loc[0, "value"] = 0.0
    assert make_toy_zoo().runs.loc[0, "value"] == 0.5
