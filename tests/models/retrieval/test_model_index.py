"""The index: products of the vectors themselves, against all of them, and lists that are read until recall is met."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from zoograph.data.errors import ZoographError
from zoograph.models.retrieval.model_index import ModelIndex, recall_at

pytest.importorskip("faiss")


def test_three_vectors_by_hand() -> None:
    index = ModelIndex.build(np.array([[1.0, 0.0], [0.0, 3.0], [2.0, 2.0]], np.float32))
    found = index.search(np.array([[1.0, 0.0], [0.0, 1.0]], np.float32), 2)
    assert found.tolist() == [[2, 0], [1, 2]]
    assert index.search(np.array([[1.0, 0.0]], np.float32), 5).tolist() == [[2, 0, 1, -1, -1]]
    assert (index.num_lists, index.probes) == (1, 1)


def test_lists_are_read_until_recall_is_met_and_kept_in_the_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors, questions = rng.normal(size=(21_000, 6)).astype("f4"), rng.normal(size=(60, 6)).astype("f4")
    index = ModelIndex.build(vectors)
    index.read_lists(1)
    truth = np.argsort(-(questions @ vectors.T), 1)[:, :10]
    assert recall_at(index.search(questions, 10), truth) < 0.9
    assert index.tune(questions[:30], 10, 0.99) >= 0.99
    assert 1 < index.probes < index.num_lists
    assert recall_at(index.search(questions[30:], 10), truth[30:]) >= 0.97
    index.save(tmp_path / "index")
    again = ModelIndex.load(tmp_path / "index")
    assert again.probes == index.probes
    assert (again.search(questions, 10) == index.search(questions, 10)).all()


def test_without_faiss_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ZoographError, match=r"faiss-cpu .*pip install 'zoograph\[hub\]'"):
        ModelIndex.build(np.zeros((2, 2), np.float32))
