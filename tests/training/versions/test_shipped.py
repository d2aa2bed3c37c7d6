"""The predictors that ship know the zoo that ships, and give way where the zoo is another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from zoograph.data.errors import PredictorError
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.data.store.store import RecordStore
from zoograph.graphs.schema import DATASET
from zoograph.models.evidence.kernel_start import start_digest
from zoograph.training.predictors.evidence import TrainingConfig
from zoograph.training.versions import shipped
from zoograph.training.versions.artifact import WEIGHTS
from zoograph.training.versions.listing import predictor_root
from zoograph.training.versions.load import load_current
from zoograph.training.versions.restore import load_on
from zoograph.training.versions.shipped import SHIPPED_QUESTIONS, shipped_predictors, take_shipped


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZOOGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("ZOOGRAPH_DATABASE_URL", raising=False)
    return tmp_path / "home"


def test_every_shipped_predictor_knows_the_shipped_tables(home: Path) -> None:
    names = set()
    with RecordStore.open() as store:
        for protocol, modality in SHIPPED_QUESTIONS:
            root = predictor_root(protocol, None, Metric.TOP1, modality)
            names.add(root.name)
            taken = take_shipped(root, store.batch_digests(Metric.TOP1, modality))
            assert taken is not None, f"'zoograph zoo train' was not run since the tables changed: {root.name}"
            assert (taken.manifest.protocol, taken.manifest.modality) == (protocol, modality)
            assert load_current(root) == taken
    assert {path.name for path in shipped_predictors().iterdir()} == names


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOOGRAPH_HOME", str(tmp_path_factory.mktemp("shipped") / "home"))
        with RecordStore.open() as store:
            return store.snapshot()


@pytest.mark.parametrize(("protocol", "modality"), SHIPPED_QUESTIONS)
def test_every_shipped_predictor_belongs_to_the_code(protocol: Protocol, modality: str, zoo: Zoo) -> None:
    """It is of today's configuration, has the kernel's parameters, by name and shape, and learned from its start."""
    artifact = load_current(shipped_predictors() / predictor_root(protocol, None, Metric.TOP1, modality).name)
    assert artifact is not None
    values, stale = artifact.manifest.values, "'zoograph zoo train' was not run since the kernel changed"
    assert values["config"] == TrainingConfig().model_dump(mode="json"), stale
    assert values["kernel"] == start_digest(), stale
    graph, predictor, _ = load_on(artifact, zoo.part(Metric.TOP1, modality))  # loads every tensor, and no other
    assert predictor.prior.shown.shape == (len(graph[DATASET].ids), TrainingConfig().channels[1])


def test_one_of_another_kernel_is_not_taken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RecordStore.open() as store:
        batches = store.batch_digests(Metric.TOP1, "image")
    source = load_current(shipped_predictors() / "head-default")
    assert source is not None
    values = {**source.manifest.values, "kernel": "another"}
    other = replace(source, manifest=source.manifest.model_copy(update={"values": values}))
    monkeypatch.setattr(shipped, "load_current", lambda root: other)
    assert take_shipped(home / "predictors" / "head-default", batches) is None


def test_a_predictor_of_another_zoo_is_not_taken(home: Path) -> None:
    root = home / "predictors" / "head-default"
    assert take_shipped(root, {"shipped": "another digest"}) is None
    assert take_shipped(root.with_name("head-somebodys"), {}) is None
    assert not root.exists()


def test_a_damaged_one_is_an_error(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    folder = tmp_path / "predictors"
    shutil.copytree(shipped_predictors(), folder)
    weights = next((folder / "head-default").glob(f"*/{WEIGHTS}"))
    weights.write_bytes(weights.read_bytes()[:-1])
    monkeypatch.setattr(shipped, "shipped_predictors", lambda: folder)
    with pytest.raises(PredictorError, match="damaged"):
        take_shipped(home / "predictors" / "head-default", {})


def test_a_home_that_cannot_be_written_is_answered_from_the_package(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PredictorError("The predictor could not be saved.")

    monkeypatch.setattr(shipped, "save_artifact", refuse)
    taken = take_shipped(home / "predictors" / "head-default", _seen())
    assert taken is not None
    assert taken.folder.parent.parent == shipped_predictors()


def _seen() -> dict[str, str]:
    artifact = load_current(shipped_predictors() / "head-default")
    assert artifact is not None
    return artifact.saw()
