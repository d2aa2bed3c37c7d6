"""Models ranked for own images by task-relatedness."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from zoograph.data.errors import ZoographError
from zoograph.data.images.task import ImageTask, make_task
from zoograph.data.networks.weights import RANDOM, load_pretrained
from zoograph.data.records.collection import Collection
from zoograph.data.store.store import RecordStore
from zoograph.training.analysis.kept_folders import relatedness_folder
from zoograph.training.analysis.relatedness import own_images as module
from zoograph.training.analysis.relatedness.own_images import open_reference, rank_on_images
from zoograph.training.analysis.relatedness.relate import QUICK
from zoograph.training.measuring.subject import Subject

SUBJECT = Subject(["test_vit", "nobody", "test_resnet"], "target", device="cpu")


def _task(name: str, *_: object) -> ImageTask:
    seed = {"target": 0, "reference": 1}[name]

    def read(row: int) -> Image.Image:
        noise = np.random.default_rng([seed, row]).integers(0, 120, (8, 8, 3), dtype=np.uint8)
        noise[..., row % 2] += 120
        return Image.fromarray(noise)

    return make_task(name, "x", ["cat", "dog"], [f"{i}.png" for i in range(20)], [0, 1] * 10, read)


@pytest.fixture(autouse=True)
def _own_pair(toy_zoo: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks in memory, and networks with random weights."""
    monkeypatch.setattr("zoograph.training.measuring.subject.open_task", _task)
    monkeypatch.setattr(module, "open_task", _task)
    monkeypatch.setattr(
        "zoograph.data.networks.encoders.load_pretrained", lambda name, *_: load_pretrained(name, RANDOM)
    )


def test_the_lowest_bound_comes_first_and_pairs_are_kept() -> None:
    report = rank_on_images(SUBJECT, "reference", QUICK)
    assert (report.reference, report.target) == ("reference", "target")
    bounds = [one.bound.total for one in report.models]
    assert len(bounds) == 2
    assert bounds == sorted(bounds)
    assert [one.held for one in report.models] == [one.true_loss <= one.bound.total for one in report.models]
    assert [failure.model for failure in report.failures] == ["nobody"]
    assert len(list(relatedness_folder().iterdir())) == 2
    assert rank_on_images(SUBJECT, "reference", QUICK).models == report.models


def test_without_labels_nothing_is_kept_and_the_true_loss_is_not_known() -> None:
    report = rank_on_images(SUBJECT, "reference", QUICK, labelled=False)
    assert [(one.true_loss, one.held) for one in report.models] == [(None, None)] * 2
    assert not relatedness_folder().exists()


def test_relations_under_each_model_enter_the_store() -> None:
    report = rank_on_images(SUBJECT, "reference", QUICK, stored=True)
    with RecordStore.open() as store:
        rows = store.snapshot().relations
    assert len(rows) == len(report.stored) == 2
    assert sorted(rows["name"]) == sorted(f"task_relatedness[{one.model}]" for one in report.models)
    with pytest.raises(ZoographError, match=r"stored between labelled datasets \(got no labels\)"):
        rank_on_images(SUBJECT, "reference", QUICK, labelled=False, stored=True)


@pytest.mark.parametrize(("rows", "got"), [((0, 1, 2, 3, 4, 6), "1 image of 'dog'"), ((0, 1), "1 image of 'cat', and")])
def test_a_class_with_too_few_images_is_named_before_a_model_looks_at_any(
    rows: tuple[int, ...], got: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "look_with_each", lambda *_, **__: pytest.fail("a model looks at images"))
    monkeypatch.setattr(
        "zoograph.training.measuring.subject.open_task", lambda name, *given: _task(name, *given).take(rows)
    )
    with pytest.raises(ZoographError, match=rf"Each class of 'target' must have 2 images .* \(got {got}"):
        rank_on_images(SUBJECT, "reference", QUICK)


def test_a_corpus_of_glyphs_is_drawn_as_its_models_were_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []

    class Corpus:
        id = "glyph_corpus_latin"

        def draw(self, part: str) -> tuple[np.ndarray, np.ndarray]:
            drawn.append(part)
            return np.zeros((6, 32, 32), dtype=np.uint8), np.arange(6) % 3

        def card(self) -> object:
            return module.CORPORA["symbols"].card().model_copy(update={"labels": ("A", "B", "C")})

    monkeypatch.setitem(module.CORPORA, "latin", Corpus())  # type: ignore[arg-type]
    task = open_reference("latin", None)
    assert drawn == ["test"]
    assert (task.card.id, task.classes, task.labels) == ("glyph_corpus_latin", ("A", "B", "C"), (0, 1, 2, 0, 1, 2))
    assert len(open_reference("reference", 10)) == 10
    assert torch.tensor(open_reference("reference", 10).labels).bincount().tolist() == [5, 5]
