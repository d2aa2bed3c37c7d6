"""A source of one's own: models trained on it are measured on a target, and both are related under them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoograph.data.errors import ZoographError
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.training.analysis.relatedness.transfer import measure_from_source
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig
from zoograph.training.measuring.subject import Subject

CONFIG = FinetuneConfig(max_epochs=1)


def _folder(root: Path, classes: tuple[str, ...], seed: int) -> str:
    draw = np.random.default_rng(seed)
    for place, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for row in range(8):
            pixels = draw.integers(0, 80, (16, 16, 3), dtype=np.uint8)
            pixels[..., place] += 120
            Image.fromarray(pixels).save(root / name / f"{row}.png")
    return str(root)


@pytest.fixture
def pair(tmp_path: Path, toy_zoo: Collection) -> tuple[Subject, Subject]:
    """Three classes to train on and two to transfer to, for a small network and one that is not there."""
    source = _folder(tmp_path / "animals", ("cat", "dog", "owl"), 0)
    target = _folder(tmp_path / "plants", ("fern", "moss"), 1)
    models = ["test_resnet", "nobody"]
    return tuple(Subject(models, folder, weights="random", device="cpu") for folder in (source, target))  # type: ignore[return-value]


def test_new_weights_are_measured_related_and_kept(pair: tuple[Subject, Subject]) -> None:
    steps: list[float] = []
    report = measure_from_source(*pair, Protocol.HEAD, config=CONFIG, progress=lambda done, of: steps.append(done / of))
    (run,), (source,) = report.runs, report.sources
    assert (run.dataset, run.protocol, source.source) == ("plants", Protocol.HEAD, "animals")
    assert run.model == source.model
    assert run.model.startswith("test_resnet@")
    assert [failure.model for failure in report.failures] == ["nobody"]
    assert source.bound is not None
    assert source.bound.total > 0
    assert steps == sorted(steps)
    assert any(source.weights in note for note in report.notes)
    with RecordStore.open() as store:
        zoo = store.snapshot()
    card = zoo.models[run.model]
    assert (card.pretrained_on, card.source_accuracy) == ("animals", source.accuracy)
    between = zoo.relations[zoo.relations["name"] == f"task_relatedness[{run.model}]"]
    assert [set(pair) for pair in between[["dataset", "other"]].to_numpy()] == [{"animals", "plants"}]


def test_what_was_trained_is_taken_up(pair: tuple[Subject, Subject], monkeypatch: pytest.MonkeyPatch) -> None:
    first = measure_from_source(*pair, Protocol.HEAD, config=CONFIG)
    monkeypatch.setattr("zoograph.training.measuring.pretrain.measure_finetune_on", None)
    again = measure_from_source(*pair, Protocol.HEAD, config=CONFIG)
    assert (again.sources, again.runs[0].value) == (first.sources, first.runs[0].value)


def test_the_dataset_itself_is_no_source(pair: tuple[Subject, Subject]) -> None:
    with pytest.raises(ZoographError, match="The source must be other images than the dataset"):
        measure_from_source(pair[0], pair[0], Protocol.HEAD)
