"""Sources: what stays in memory changes no answer, and who is not local neither reads files nor trains."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from zoograph.data.errors import PredictorError, UnknownName, ZoographError
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.store.store import RecordStore
from zoograph.training.answers.current.source import KeptParts, Source, opened
from zoograph.training.answers.explain import explain
from zoograph.training.answers.predict import predict
from zoograph.training.answers.recommend import recommend
from zoograph.training.candidates.filters import Filters

CARD = DatasetCard(id="mine", source="me", labels=("oak", "elm", "ash"), num_classes=3, num_samples=300)


def test_the_parts_that_were_asked_for_last_are_kept() -> None:
    kept, loads = KeptParts(most=2), []

    def load() -> int:
        loads.append(1)
        return len(loads)

    assert [kept.get(key, load) for key in ("a", "b", "a", "c", "a", "b")] == [1, 2, 1, 3, 1, 4]


@pytest.mark.usefixtures("made_zoo")
def test_what_stays_in_memory_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    # A minute may pass between two of the answers.
    monkeypatch.setattr("zoograph.training.answers.current.current_predictor.describe_age", lambda _: "now")
    with RecordStore.open(to_read=True, keep=True) as store:
        source, models = Source(store, KeptParts(), local=False), sorted(store.snapshot().models)[:3]
        for dataset in ("task_3", CARD):
            for filters in (Filters(), Filters(models=tuple(models))):
                kept = [recommend(dataset, filters, source=source) for _ in range(2)]
                assert kept[0] == kept[1] == recommend(dataset, filters)
            assert predict(models[0], dataset, source=source) == predict(models[0], dataset)
            assert explain(models[0], dataset, source=source) == explain(models[0], dataset)


@pytest.mark.usefixtures("made_zoo")
def test_the_same_question_builds_its_graph_once(monkeypatch: pytest.MonkeyPatch) -> None:
    recommend("task_3")
    from zoograph.training.versions import restore

    built, build = [], restore.build_graph
    monkeypatch.setattr(restore, "build_graph", lambda *args, **given: [built.append(1), build(*args, **given)][1])
    with RecordStore.open(to_read=True, keep=True) as store:
        source = Source(store, KeptParts(), local=False)
        for dataset in ("task_3", "task_4", "task_3"):
            recommend(dataset, source=source)
        assert len(built) == 1
        recommend(CARD, source=source)
        assert len(built) == 1  # a dataset that is new is added to what is there


@pytest.mark.usefixtures("made_zoo")
def test_a_ranking_and_explanations_in_turn_stay_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    from zoograph.training.versions import restore

    built, build = [], restore.build_graph
    monkeypatch.setattr(restore, "build_graph", lambda *args, **given: [built.append(1), build(*args, **given)][1])
    with RecordStore.open() as store:
        measured = sorted(store.snapshot().models)
        store.add(models=[ModelCard(id="new", source="mine")])  # is ranked, and no evidence of others
    with RecordStore.open(to_read=True, keep=True) as store:
        source = Source(store, KeptParts(most=2))
        for model, dataset in zip(measured, ("task_3", "task_4", "task_5", "task_3"), strict=False):
            assert "new" in {candidate.model for candidate in recommend(dataset, source=source).everyone}
            explain(model, dataset, source=source)
        assert len(built) == 2


@pytest.mark.usefixtures("made_zoo")
def test_who_is_not_local_trains_nothing(home: Path) -> None:
    shutil.rmtree(home / "predictors")
    missing = pytest.raises(PredictorError, match="Run 'zoograph recommend --dataset task_3' once where the records")
    with RecordStore.open(to_read=True) as store, missing:
        recommend("task_3", source=Source(store, local=False))
    assert not (home / "predictors").exists()


def test_who_is_not_local_names_no_file(toy_store: RecordStore, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("vit\n")
    asked = Filters(models=(str(names),))
    assert [c.model for c in recommend("pets", asked, source=Source(toy_store)).candidates] == ["vit"]
    with pytest.raises(UnknownName, match=r"names\.txt"):
        recommend("pets", asked, source=Source(toy_store, local=False))


def test_a_card_must_not_have_the_name_of_what_is_known(toy_store: RecordStore) -> None:
    with pytest.raises(ZoographError, match="must not have the id of a known dataset \\(got 'pets'\\)"):
        recommend(DatasetCard(id="pets", source="me"), source=Source(toy_store))


def test_without_a_source_the_store_of_the_home_is_opened(toy_store: RecordStore) -> None:
    with opened(None) as source:
        assert source.local
        assert source.kept is None
        assert source.store.revision == toy_store.revision
