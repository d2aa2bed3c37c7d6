"""Answers about a collection by names alone: the same as in this process, none twice, and none of another question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.training.evaluation.collections import elsewhere
from zoograph.training.evaluation.collections.catalogue import CollectionGraph
from zoograph.training.evaluation.collections.choosing import Limits
from zoograph.training.evaluation.collections.elsewhere import answers_to_come
from zoograph.training.evaluation.collections.methods import rows_of
from zoograph.training.evaluation.collections.questions import PROTOCOLS
from zoograph.training.evaluation.collections.running import CollectionRun

LIMITS = Limits(2, 2)


@pytest.fixture
def there(part: CollectionGraph, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What another process would read by the name."""
    monkeypatch.setattr(elsewhere, "read_collection", {part.name: part}.__getitem__)
    yield
    elsewhere._run.cache_clear()
    elsewhere._questions.cache_clear()


def test_they_are_those_of_this_process_and_asked_for_once(part: CollectionGraph, there: None, tmp_path: Path) -> None:
    rows, questions = rows_of(part, "random,model-mean,gmacs"), PROTOCOLS["model_out"](part, LIMITS).questions
    assert rows[2].lacking is not None
    here, kept = CollectionRun(part, tmp_path / "here"), CollectionRun(part, tmp_path / "kept")
    pieces = list(answers_to_come(kept, "model_out", questions, rows, LIMITS))
    assert [piece.name for piece in pieces[:2]] == [f"ours: random on {question.name}" for question in questions]
    assert len(pieces) == 4
    for piece in pieces:
        piece.keep(piece.function(*piece.arguments))
    assert list(answers_to_come(kept, "model_out", questions, rows, LIMITS)) == []
    for row in rows[:2]:
        for ours, theirs in zip(here.answers(row, questions), kept.answers(row, questions), strict=True):
            assert all(torch.equal(a, b) for a, b in zip(ours.prediction, theirs.prediction, strict=True))


def test_a_worker_with_other_records_is_refused(part: CollectionGraph, there: None, tmp_path: Path) -> None:
    run, questions = CollectionRun(part, tmp_path), PROTOCOLS["model_out"](part, LIMITS).questions
    (piece, _) = answers_to_come(run, "model_out", questions, rows_of(part, "model-mean"), LIMITS)
    with pytest.raises(ZoographError, match=r"A worker must have the records and versions"):
        piece.function(*piece.arguments[:-1], "another key")
