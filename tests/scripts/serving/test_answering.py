"""Answers that stay: until the store or a predictor changes, for everybody who asks the same, and never mixed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save
from starlette.testclient import TestClient

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.scripts.serving.answering import Answers, Kept, Moment
from zoograph.scripts.serving.problems import Busy, Refused
from zoograph.scripts.serving.settings import Limits
from zoograph.training.versions.artifact import COLUMNS, PREDICTIONS, SAW
from zoograph.training.versions.listing import predictor_root
from zoograph.training.versions.save import new_version, save_artifact


@pytest.fixture
def answers(toy_zoo: object) -> Iterator[Answers]:
    found = Answers(Limits(waiting=3, answers=2))
    yield found
    found.close()


def test_a_question_is_worked_out_once_until_the_store_changes(answers: Answers) -> None:
    asked: list[str] = []

    def work(warn: Callable[[str], None]) -> int:
        warn("Mind the gap.")
        asked.append("x")
        return len(asked)

    first = answers.get("a", work)
    assert (first.value, first.warnings) == (1, ("Mind the gap.",))
    assert answers.get("a", work) is first
    with RecordStore.open() as store:
        store.add(models=[ModelCard(id="new", source="mine")])
    assert answers.get("a", work).value == 2
    for key in ("b", "c", "a"):  # two are kept
        answers.get(key, work)
    assert len(asked) == 5


def test_what_was_sent_is_kept_for_the_last_ways_of_asking_alone() -> None:
    kept, made = Kept(Moment("", ""), 0), list[int]()

    def make(number: int) -> bytes:
        made.append(number)
        return bytes([number])

    for number in (1, 2, 1, 3, 1, 2):
        assert kept.send(number, partial(make, number)) == bytes([number])
    assert made == [1, 2, 3, 2]


def test_those_who_ask_the_same_wait_for_one_answer(answers: Answers) -> None:
    asked: list[int] = []

    def work(_: object) -> int:
        time.sleep(0.2)
        asked.append(1)
        return len(asked)

    with ThreadPoolExecutor(3) as pool:
        assert [kept.value for kept in pool.map(lambda _: answers.get("a", work), range(3))] == [1, 1, 1]


def test_more_than_may_wait_are_told_to_come_back(answers: Answers) -> None:
    go, begun = threading.Event(), threading.Semaphore(0)

    def work(_: object) -> int:
        begun.release()
        assert go.wait(20)
        return 1

    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(answers.get, key, work) for key in "abc"]
        begun.acquire(timeout=20)
        while answers.waiting < 3:
            time.sleep(0.01)
        with pytest.raises(Busy):
            answers.get("d", work)
        go.set()
        assert [one.result().value for one in waiting] == [1, 1, 1]
    assert answers.get("d", work).value == 1


def test_an_answer_during_a_write_is_worked_out_again(answers: Answers) -> None:
    asked: list[int] = []

    def work(_: object) -> int:
        asked.append(1)
        if len(asked) == 1:
            with RecordStore.open() as store:
                store.add(models=[ModelCard(id="new", source="mine")])
        return len(asked)

    assert answers.get("a", work).value == 2


def test_a_store_that_never_rests_is_told(answers: Answers) -> None:
    def work(_: object) -> None:
        with RecordStore.open() as store:
            store.add(models=[ModelCard(id=f"new {time.monotonic_ns()}", source="mine")])

    with pytest.raises(Refused, match="changes faster"):
        answers.get("a", work)


def test_a_failure_lets_the_next_one_through(answers: Answers) -> None:
    def fail(_: object) -> None:
        raise ValueError("no")

    for _ in range(5):
        with pytest.raises(ValueError, match="no"):
            answers.get("a", fail)
    assert answers.waiting == 0


def test_promotions_are_followed_and_versions_never_mixed(
    toy_zoo: object, make_client: Callable[..., TestClient], make_manifest: Callable[..., Any]
) -> None:
    root, numbers = predictor_root(Protocol.HEAD, None), dict[str, int]()

    def promote(number: int) -> None:
        version = new_version()
        numbers[version] = number
        with RecordStore.open() as store:
            saw, revision = store.batch_digests(), store.revision
        mean = np.full((2, 3), number / 100)
        tables = dict(zip(COLUMNS, (mean, mean - 0.001, mean + 0.001, mean), strict=True))
        manifest = make_manifest(version=version, revision=revision, num_records=number + 1)
        save_artifact(root, manifest, {PREDICTIONS: save(tables), SAW: json_bytes(saw)})

    promote(0)
    client, failures = make_client(), list[str]()

    def ask(_: int) -> int:
        answer = client.get("/predict", params={"model": "vit", "dataset": "birds_1"})
        found = answer.json()
        if answer.status_code != 200:
            failures.append(answer.text)
            return -1
        number, row = numbers[found["predictor"]["version"]], found["tasks"][0]
        if (found["predictor"]["records"], row["predicted"], row["lower"]) != (
            number + 1,
            pytest.approx(number / 100),
            pytest.approx(number / 100 - 0.001),
        ):
            failures.append(answer.text)
        if answer.headers["x-zoograph-predictor"] != found["predictor"]["version"]:
            failures.append("header")
        return number

    with ThreadPoolExecutor(8) as pool:
        for number in range(1, 11):
            waiting = pool.map(ask, range(100))
            promote(number)
            assert ask(0) == number  # the next request follows
            assert set(waiting) <= {number - 1, number}
    assert failures == []


def json_bytes(content: object) -> bytes:
    import json

    return json.dumps(content).encode()
