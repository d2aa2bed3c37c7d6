"""Transferability scores of tables: tidy, a column a score, or a matrix; and never accuracies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from zoograph.data.errors import RawDataError, UnknownName
from zoograph.data.ingest.ingest import IngestReport
from zoograph.data.store.store import RecordStore

pytestmark = pytest.mark.usefixtures("database_url")  # every test runs on both databases

Ingest = Callable[..., IngestReport]


@pytest.fixture
def scores(ingest_lines: Ingest) -> Ingest:
    """A callable that ingests lines of scores."""
    return lambda *lines, **settings: ingest_lines(*lines, **{"scores": True, **settings})


def _stored(store: RecordStore) -> list[tuple[Any, ...]]:
    frame = store.snapshot().scores
    return sorted(frame[["model", "dataset", "name", "value"]].itertuples(index=False, name=None))


EXPECTED = [("resnet", "pets", "logme", -0.5), ("vit", "pets", "logme", 150.25)]


@pytest.mark.parametrize(
    ("lines", "settings"),
    [
        (("model,dataset,score,value", "vit,pets,LogME,150.25", "ResNet,PETS,log_me,-0.5"), {}),
        (
            ("model,dataset,score name,v", "vit,pets,LogME,150.25", "resnet,pets,logme,-5e-1"),
            {"mapping": {"score": "score name", "value": "v"}},
        ),
        (("model,dataset,value", "vit,pets,150.25", "resnet,pets,-0.5"), {"score": "logme"}),
        (("model,dataset,score", "vit,pets,150.25", "resnet,pets,-0.5"), {"score": "LogME"}),
        (("model,dataset,LogME", "vit,pets,150.25", "resnet,pets,-0.5"), {}),
        (("model,logme", "vit,150.25", "resnet,-0.5"), {"dataset": "pets"}),
        (("model,pets,birds_1", "vit,150.25,", "resnet,-0.5,"), {"score": "logme"}),
        (("dataset,vit,resnet", "pets,150.25,-0.5"), {"score": "logme"}),
    ],
)
def test_scores_come_in_however_they_are_laid_out(
    toy_store: RecordStore, scores: Ingest, lines: tuple[str, ...], settings: dict[str, Any]
) -> None:
    report = scores(*lines, **settings)
    assert (report.kind, report.new, report.num_left_out, report.tables[0].unit) == ("scores", 2, 0, None)
    assert _stored(toy_store) == EXPECTED
    assert len(toy_store.snapshot().runs) == 3  # as before
    assert report.notes[0] == "2 scores are new, 0 are known or came twice."
    again = scores(*lines, **settings)
    assert (again.new, again.batch, again.tables[0].good) == (0, None, 2)
    assert report.batch is not None
    assert toy_store.undo(report.batch).records == 2


def test_a_column_for_each_of_several_scores_is_a_score_each(toy_store: RecordStore, scores: Ingest) -> None:
    report = scores("model,dataset,logme,leep,note", "vit,pets,1.5,-2,x", "resnet,pets,,-3,", source="lab")
    assert report.new == 3
    assert [row[2:] for row in _stored(toy_store)] == [("leep", -3.0), ("leep", -2.0), ("logme", 1.5)]
    assert set(toy_store.snapshot().scores["source"]) == {"lab"}


def test_rows_with_a_fault_are_left_out(toy_store: RecordStore, scores: Ingest) -> None:
    report = scores("model,dataset,logme", "vit,pets,nan", "vit,pets,x", "nobody knows,pets,1", "vit,pets,2")
    assert (report.new, report.tables[0].rejected, report.tables[0].held_back) == (1, 2, 1)
    assert {"the score 'nan' is no finite number", "the score 'x' is no finite number"} < set(report.reasons)


def test_a_score_that_nothing_would_read_is_refused(toy_store: RecordStore, scores: Ingest) -> None:
    revision = toy_store.revision
    with pytest.raises(RawDataError, match=r"line 3: Unknown score 'logm'. Nearest names: logme.*Nothing was stored"):
        scores("model,dataset,score,value", "vit,pets,logme,1", "vit,pets,logm,1")
    with pytest.raises(UnknownName, match=r"Unknown score 'lepe'. Nearest names: leep"):
        scores("model,pets", "vit,1", score="lepe")
    assert toy_store.revision == revision


@pytest.mark.parametrize(
    ("lines", "settings", "message"),
    [
        (("model,pets", "vit,1"), {}, "needs columns 'model', 'dataset', 'score' and 'value', or a column for each"),
        (("model,logme", "vit,1"), {}, "needs columns 'model', 'dataset'"),
        (("model,dataset,a", "vit,pets,1"), {"mapping": {"acc": "a"}}, "--map knows no field 'acc' of a score"),
        (("model,dataset,a", "vit,pets,1"), {"mapping": {"value": "b"}}, "has no column 'b'"),
    ],
)
def test_a_table_that_says_too_little_is_refused(
    scores: Ingest, lines: tuple[str, ...], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(RawDataError, match=message):
        scores(*lines, **settings)
