"""Rows: cards that replace others, records that need cards, and what a batch takes with it."""

from __future__ import annotations

from typing import Any

import pytest

from zoograph.data.errors import StoreError
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import ClassInfluence, Relation, Run, Score
from zoograph.data.store.store import RecordStore, Undone


def _run(value: float, **fields: Any) -> Run:
    given = {"source": "mine", "model": "resnet", "dataset": "birds_1", "protocol": "head", "value": value}
    return Run.model_validate({**given, **fields})


def _influence(**fields: Any) -> ClassInfluence:
    given = {"source": "s", "label": "cat", "dataset": "pets", "name": "influence_correct", "value": 0.25}
    return ClassInfluence.model_validate({**given, **fields})


@pytest.fixture(autouse=True)
def _database(database_url: str) -> str:
    """Every test runs on both databases."""
    return database_url


def test_a_card_of_a_known_id_replaces_it_with_its_names(toy_store: RecordStore) -> None:
    toy_store.add(models=[ModelCard(id="resnet", source="mine", aliases=("new",), parameters=3)])
    assert toy_store.names().models["new"] == ("resnet",)
    assert toy_store.names().models["net"] == ("vit",)
    assert toy_store.snapshot().models["resnet"].parameters == 3


@pytest.mark.parametrize(
    ("records", "what"),
    [
        ({"runs": [_run(0.5, model="nobody")]}, "the model 'nobody'"),
        ({"runs": [_run(0.5, dataset="nothing")]}, "the dataset 'nothing'"),
        (
            {"scores": [Score(source="s", model="no", dataset="pets", name="logme", value=1)]},
            "the model 'no'",
        ),
        (
            {"relations": [Relation(source="s", dataset="pets", other="x", name="d", value=1)]},
            "the other 'x'",
        ),
        (
            {"influences": [_influence(corpus="x")]},
            "the corpus 'x'",
        ),
    ],
)
def test_a_record_without_cards_changes_nothing(toy_store: RecordStore, records: dict[str, Any], what: str) -> None:
    revision = toy_store.revision
    with pytest.raises(StoreError, match=f"were not stored, and nothing was changed: {what} of a record has no card"):
        toy_store.add(datasets=[DatasetCard(id="new", source="mine")], **records)
    assert toy_store.revision == revision
    assert "new" not in toy_store.names().datasets


def test_a_batch_may_come_in_parts(toy_store: RecordStore) -> None:
    assert toy_store.add(runs=[_run(0.1)], batch="monday") == 1
    assert toy_store.add(runs=[_run(0.1), _run(0.2)], batch="monday") == 1
    assert toy_store.batches()[0].records == 2


def test_undo_leaves_the_cards_that_something_else_names(toy_store: RecordStore) -> None:
    datasets = [DatasetCard(id=name, source="mine") for name in ("captions", "corpus", "d")]
    toy_store.add([ModelCard(id="a", source="mine")], datasets, batch="monday")
    chain = ("captions", "corpus")
    toy_store.add([ModelCard(id="b", source="mine", pretrained_on="corpus", corpora=chain)], batch="tuesday")
    toy_store.add(runs=[_run(0.1, model="a")], batch="tuesday")
    assert toy_store.undo("monday") == Undone(records=0, cards=1)
    assert {"a", *chain} <= {*toy_store.names().models, *toy_store.names().datasets}
    assert "d" not in toy_store.names().datasets
