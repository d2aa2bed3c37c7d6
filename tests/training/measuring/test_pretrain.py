"""Pre-training: weights and cards of networks that were trained on a source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoograph.data.images.task import ImageTask, make_task
from zoograph.data.networks.weights import RANDOM, load_pretrained
from zoograph.data.records.collection import Collection
from zoograph.data.records.pretraining import LineageKind
from zoograph.data.store.store import RecordStore
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig
from zoograph.training.measuring.pretrain import pretrain_models
from zoograph.training.measuring.subject import Subject

CONFIG = FinetuneConfig(max_epochs=1)


def _task(*_: object) -> ImageTask:
    def read(row: int) -> Image.Image:
        noise = np.random.default_rng(row).integers(0, 120, (8, 8, 3), dtype=np.uint8)
        noise[..., row % 2] += 120
        return Image.fromarray(noise)

    return make_task("owner/pets", "x", ["cat", "dog"], [f"{i}.png" for i in range(20)], [0, 1] * 10, read)


@pytest.fixture(autouse=True)
def _in_memory(toy_zoo: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoograph.training.measuring.subject.open_task", _task)


def test_the_weights_are_a_model_of_their_own_with_the_source_as_corpus() -> None:
    found = pretrain_models(Subject(["test_resnet"], "owner/pets", weights=RANDOM, device="cpu"), CONFIG)
    (one,) = found.models
    assert found.source == "owner/pets"
    assert one.file == found.folder / "test_resnet.safetensors"
    assert one.file.is_file()
    loaded = load_pretrained("test_resnet", found.folder)
    assert loaded.card.id == one.id
    assert loaded.network.num_classes == 2
    with RecordStore.open() as store:
        card = store.snapshot().models[one.id]
    assert (card.pretrained_on, card.corpora, card.derived_from) == ("owner/pets", ("owner/pets",), ())
    assert card.source_accuracy == one.accuracy


def test_weights_in_a_file_are_what_they_come_from(tmp_path: Path) -> None:
    begun = pretrain_models(Subject(["test_resnet"], "owner/pets", weights=RANDOM, device="cpu"), CONFIG)
    subject = Subject(["test_resnet"], "owner/pets", weights=str(begun.models[0].file), device="cpu")
    found = pretrain_models(subject, CONFIG)
    assert found.folder != begun.folder
    with RecordStore.open() as store:
        card = store.snapshot().models[found.models[0].id]
    assert [(step.kind, step.model) for step in card.derived_from] == [(LineageKind.FINE_TUNED, begun.models[0].id)]


def test_other_settings_have_another_folder() -> None:
    subject = Subject(["test_resnet"], "owner/pets", weights=RANDOM, device="cpu")
    folders = {pretrain_models(subject, FinetuneConfig(max_epochs=1, batch_size=size)).folder for size in (4, 8)}
    assert len(folders) == 2
