"""Answers that are kept, and methods that are fitted once for a collection."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import pytest
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.errors import FoldsError
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.models.method import Method, Prediction
from zoograph.training.evaluation.collections.choosing import Limits
from zoograph.training.evaluation.collections.methods import Row, rows_of
from zoograph.training.evaluation.collections.questions import PROTOCOLS
from zoograph.training.evaluation.collections.running import CollectionRun

SEEN: list[tuple[str, int]] = []


class Counting(Method):
    """Notes how many records it is fitted on and asked with; knows nothing."""

    def fit(self, graph: HeteroData) -> Self:
        SEEN.append(("fit", graph[TRANSFERS_TO].num_edges))
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        if graph is not None:
            SEEN.append(("predict", graph[TRANSFERS_TO].num_edges))
        return Prediction(*(torch.full((pairs.shape[1],), value) for value in (0.5, 0.0, 1.0)))


class Conditioning(Counting):
    conditions = True


class Demanding(Counting):
    def fit(self, graph: HeteroData) -> Self:
        raise ValueError("It needs more.")


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    SEEN.clear()


def test_a_method_that_conditions_is_fitted_without_the_collection_and_asked_with_what_is_left(part, tmp_path: Path):
    questions = PROTOCOLS["dataset_out"](part, Limits(None, None)).questions
    CollectionRun(part, tmp_path).answers(Row("conditioning", Conditioning), questions)
    # Four records are not ours; of 36, 16, 8 and 8 are left out.
    assert SEEN == [("fit", 4), ("predict", 20), ("predict", 28), ("predict", 28)]


def test_any_other_method_is_fitted_on_what_each_question_leaves(part, tmp_path: Path):
    questions = PROTOCOLS["dataset_out"](part, Limits(None, None)).questions
    CollectionRun(part, tmp_path).answers(Row("counting", Counting), questions)
    assert SEEN == [("fit", 20), ("fit", 28), ("fit", 28)]


def test_a_stopped_run_goes_on_where_it_was(part, tmp_path: Path):
    questions = PROTOCOLS["model_out"](part, Limits(None, None)).questions
    row, begun = Row("counting", Counting), []
    first = CollectionRun(part, tmp_path).answers(row, questions[:3])
    again = CollectionRun(part, tmp_path).answers(row, questions, begun.append)
    assert len(SEEN) == 8
    assert begun == ["counting"] * 8
    for one, other in zip(first, again[:3], strict=True):
        assert torch.equal(one.prediction.mean, other.prediction.mean)
        assert one.seconds == other.seconds


def test_the_same_cells_with_other_evidence_are_another_question(part, tmp_path: Path):
    """What a known probe asks of d3 is what a dataset out asks; what is known differs."""
    out = PROTOCOLS["dataset_out"](part, Limits(None, None)).questions[2]
    probed = PROTOCOLS["probe_known"](part, Limits(None, None)).questions[1]
    assert torch.equal(out.asked, probed.asked)
    assert torch.equal(out.held_out, probed.held_out)
    CollectionRun(part, tmp_path).answers(Row("counting", Counting), [out, probed])
    assert len(SEEN) == 2


def test_too_little_to_learn_from_is_said_with_the_question(part, tmp_path: Path):
    questions = PROTOCOLS["collection_out"](part, Limits()).questions
    with pytest.raises(FoldsError, match=r"what 'ours' leaves\. It needs more"):
        CollectionRun(part, tmp_path).answers(Row("demanding", Demanding), questions)


def test_the_project_itself_answers(part, tmp_path: Path):
    (row,) = rows_of(part, "zoograph-untrained")
    questions = PROTOCOLS["few_records_1"](part, Limits(1, 1)).questions
    (answer,) = CollectionRun(part, tmp_path).answers(row, questions)
    assert len(answer.prediction.mean) == 7
    assert bool((answer.prediction.lower <= answer.prediction.mean).all())
