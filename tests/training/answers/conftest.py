"""Predictors that are saved instead of trained, for tests of answers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from zoograph.data.collections.tables import write_tables
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.training.predictors import evidence
from zoograph.training.predictors.evidence import TrainingConfig
from zoograph.training.retraining import train as fit
from zoograph.training.versions import restore
from zoograph.training.versions.artifact import Artifact
from zoograph.training.versions.listing import predictor_root

Save = Callable[..., Artifact]


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch, toy_zoo: Collection, save_toy: Save) -> list[Path]:
    """Folders that were trained for, where training is nothing but saving, and one record is enough for it."""
    roots: list[Path] = []

    def train(store: RecordStore, root: Path, protocol: Protocol, *_: object, **__: object) -> Artifact:
        roots.append(root)
        return save_toy(root, saw=store.batch_digests(), protocol=protocol, revision=store.revision)

    monkeypatch.setattr(fit, "train_predictor", train)
    monkeypatch.setattr(evidence, "MINIMUM_RECORDS", 1)
    return roots


@pytest.fixture
def asked(trainings: list[Path], monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Pairs that the saved table did not answer; they are all answered alike."""
    asked: list[tuple[str, str]] = []

    def predict(graph: object, predictor: object, baseline: object, pairs: list[tuple[str, str]]) -> list[object]:
        asked.extend(pairs)
        return [{"mean": 0.5, "lower": 0.25, "upper": 0.75, "baseline": 0.5}] * len(pairs)

    monkeypatch.setattr(restore, "load_on", lambda *_: (None, None, None))
    monkeypatch.setattr(restore, "predict_pairs", predict)
    return asked


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The tables of a zoo of 8 models on 20 tasks, and a home whose predictor is hardly trained."""
    tables, home = tmp_path_factory.mktemp("tables"), tmp_path_factory.mktemp("made") / "home"
    zoo = make_synthetic_zoo(8, 20).zoo
    runs = [
        Run(source="t", model=row.model, dataset=row.dataset, protocol=Protocol.HEAD, value=row.value)
        for row in zoo.runs.itertuples()
    ]
    write_tables(
        Collection(models=tuple(zoo.models.values()), datasets=tuple(zoo.datasets.values()), runs=tuple(runs)), tables
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOOGRAPH_HOME", str(home))
        patch.setattr("zoograph.data.collections.tables.shipped_zoo", lambda: tables)
        with RecordStore.open() as store:
            fit.train_predictor(
                store, predictor_root(Protocol.HEAD, None), Protocol.HEAD, config=TrainingConfig(num_steps=3)
            )
    return tables, home


@pytest.fixture
def made_zoo(_made: tuple[Path, Path], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home with a made-up zoo of 8 models on 20 tasks, and a predictor of it."""
    tables, folder = _made
    shutil.copytree(folder, home)
    monkeypatch.setattr("zoograph.data.collections.tables.shipped_zoo", lambda: tables)
