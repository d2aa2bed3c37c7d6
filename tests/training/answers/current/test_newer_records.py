import pytest

from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.training.answers.current.newer_records import find_newer
from zoograph.training.answers.question import ask


@pytest.fixture
def artifact(toy_store, save_toy, tmp_path):
    """Trained on the small zoo and a batch 'mine'."""
    _add(toy_store, "pets", "mine")
    digests = toy_store.batch_digests()
    return save_toy(tmp_path / "head", saw=digests, revision=toy_store.revision)


def _add(store, dataset, batch, *, model="vit", seed=0, protocol=Protocol.HEAD):
    store.add(
        runs=[Run(source="t", model=model, dataset=dataset, protocol=protocol, value=0.5, seed=seed)], batch=batch
    )


def newer(store, artifact, model="resnet", dataset="birds_1"):
    return find_newer(store, artifact, ask(store, model, dataset, "head"))


def test_an_unchanged_store_is_not_looked_through(toy_store, artifact, monkeypatch):
    monkeypatch.setattr(RecordStore, "batch_digests", lambda *_: pytest.fail("digests were computed"))
    assert newer(toy_store, artifact) == (0, 0, 0)


def test_records_of_another_protocol_are_about_the_question_and_not_counted(toy_store, artifact):
    """What was measured otherwise is evidence: an answer about its model or its task is made anew."""
    _add(toy_store, "pets", "other", protocol=Protocol.FINETUNE)
    assert not newer(toy_store, artifact).touch  # 'resnet' on birds
    assert newer(toy_store, artifact, "vit") == (0, 1, 0)
    assert newer(toy_store, artifact, "resnet", "pets") == (0, 1, 0)
    assert newer(toy_store, artifact, None, "pets").touch


def test_taken_back_they_touch_every_answer(toy_store, save_toy, tmp_path):
    _add(toy_store, "pets", "other", protocol=Protocol.PROBE)
    trained = save_toy(tmp_path / "probed", saw=toy_store.batch_digests(), revision=toy_store.revision)
    assert not newer(toy_store, trained).touch
    toy_store.undo("other")
    assert newer(toy_store, trained) == (0, 0, 1)


def test_records_of_another_metric_are_none(toy_store, artifact):
    run = Run(source="t", model="resnet", dataset="birds_1", protocol=Protocol.HEAD, metric=Metric.F1, value=0.5)
    toy_store.add(runs=[run], batch="f1")
    assert newer(toy_store, artifact) == (0, 0, 0)


def test_new_records_are_counted_and_those_about_the_question(toy_store, artifact):
    _add(toy_store, "birds_2", "new")
    _add(toy_store, "pets", "new", seed=1)
    assert newer(toy_store, artifact) == (2, 1, 0)  # a task of the same family
    assert newer(toy_store, artifact, "vit") == (2, 2, 0)
    assert newer(toy_store, artifact, None, "pets") == (2, 1, 0)
    assert newer(toy_store, artifact).touch


def test_a_batch_that_grew_is_newer_as_a_whole(toy_store, artifact):
    _add(toy_store, "pets", "mine", seed=1)
    assert newer(toy_store, artifact) == (2, 0, 0)
    assert not newer(toy_store, artifact).touch


def test_a_batch_that_was_taken_back_touches_every_answer(toy_store, artifact):
    toy_store.undo("mine")
    assert newer(toy_store, artifact) == (0, 0, 1)
    _add(toy_store, "pets", "another")
    assert newer(toy_store, artifact) == (1, 0, 1)
    assert newer(toy_store, artifact).touch
