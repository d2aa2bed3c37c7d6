"""Labelled tasks: the same rules whatever a sample is."""

from __future__ import annotations

from typing import ClassVar

import pytest

from zoograph.data.records.cards import Modality
from zoograph.data.tasks.task import LabelledTask, TaskError, make_card, sizes_of


class _Sounds(LabelledTask):
    modality: ClassVar[Modality] = Modality.TEXT
    sample_word: ClassVar[str] = "sound"

    def content_hash(self, row: int) -> bytes:
        return bytes(self.read(row))


def _task(labels: tuple[int, ...], test: tuple[bool, ...] | None = None) -> _Sounds:
    card = make_card("x", "test", ("low_hum", "high"), labels)
    return _Sounds(card, ("low", "high"), tuple(map(str, labels)), labels, lambda row: [row, labels[row]], test)


def test_the_card_counts_what_is_there() -> None:
    card = make_card("x", "test", ("low_hum", "high", "none"), (0, 1, 1, 1), "noise", text_length=3.0)
    assert (card.labels, card.num_classes, card.num_samples) == (("low hum", "high"), 2, 4)
    assert (card.samples_per_class, card.domain, card.text_length) == (2.0, "noise", 3.0)


def test_two_classes_of_one_name_are_refused() -> None:
    with pytest.raises(TaskError, match=r"distinct names \(got 'low hum' twice\)"):
        make_card("x", "test", ("low_hum", "low hum"), (0, 1))


def test_one_class_is_no_task() -> None:
    with pytest.raises(TaskError, match=r"must have sounds of at least two classes \(got 1\)"):
        _task((1, 1))


def test_rows_are_taken_with_their_split() -> None:
    task = _task((0, 1, 1, 0), (True, False, True, False)).take([2, 0])
    assert (task.labels, task.names, task.is_test) == ((1, 0), ("1", "0"), (True, True))
    assert [list(task.read(row)) for row in range(2)] == [[2, 1], [0, 0]]


def test_the_digest_is_of_content_labels_and_split() -> None:
    task = _task((0, 1, 1, 0))
    assert task.digest == _task((0, 1, 1, 0)).digest
    assert len({task.digest, _task((0, 1, 0, 1)).digest, _task((0, 1, 1, 0), (True, False, True, False)).digest}) == 3


def test_a_sample_keeps_the_splits_proportions() -> None:
    task = _task((0, 1) * 20, (False,) * 20 + (True,) * 20).sample(20)
    assert len(task) == 20
    assert sizes_of(task) == {"train": 10, "test": 10}
    assert sizes_of(_task((0, 1))) == {"all": 2}
    assert task.seen_with is None
