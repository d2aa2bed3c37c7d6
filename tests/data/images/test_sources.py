from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zoograph.data.errors import ImageFolderError
from zoograph.data.images.reading.unreadable import Unreadable
from zoograph.data.images.sources import read_card, task_from_folder, task_of
from zoograph.data.images.task import ImageTask, ImageTaskError
from zoograph.data.records.cards import Modality
from zoograph.data.tasks import sources
from zoograph.data.tasks.splits import Split
from zoograph.data.tasks.task import TaskError


def open_task(dataset: str, domain: str | None = None) -> ImageTask:
    task = sources.open_task(dataset, domain, Modality.IMAGE)
    assert isinstance(task, ImageTask)
    return task


def _folder(root: Path) -> Path:
    for place, name in enumerate(("dog", "cat")):
        (root / name).mkdir(parents=True)
        for row in range(3):
            Image.new("RGB", (4, 4), (place, row, 0)).save(root / name / f"{row}.png")
    (root / "cat" / "notes.txt").touch()
    (root / "cat" / ".hidden.png").touch()
    return root


def test_a_folder(tmp_path: Path) -> None:
    task = task_from_folder(_folder(tmp_path / "pets"), domain="photo")
    assert (task.card.id, task.card.domain, task.card.labels) == ("pets", "photo", ("cat", "dog"))
    assert task.names == ("cat/0.png", "cat/1.png", "cat/2.png", "dog/0.png", "dog/1.png", "dog/2.png")
    assert task.labels == (0, 0, 0, 1, 1, 1)
    picture = task.picture(4)
    assert picture is not None
    assert picture.getpixel((0, 0)) == (0, 1, 0)


def test_the_digest_of_a_folder_is_of_its_content(tmp_path: Path) -> None:
    first, second = _folder(tmp_path / "a"), _folder(tmp_path / "b")
    assert task_from_folder(first).digest == task_from_folder(second).digest
    Image.new("RGB", (4, 4), (9, 9, 9)).save(second / "cat" / "0.png")
    assert task_from_folder(first).digest != task_from_folder(second).digest


def test_a_path_is_always_a_folder(tmp_path: Path) -> None:
    assert open_task(str(_folder(tmp_path / "pets"))).card.source == "image folder"
    for path in ("./nothing", "/nowhere/at/all", "nothing/"):
        with pytest.raises(ImageFolderError, match="nothing there"):
            open_task(path)


def test_without_the_library_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(TaskError, match=r'pip install "zoograph\[hub-datasets\]"'):
        open_task("owner/name")


# -- the library `datasets` -----------------------------------------------------------------------


@pytest.fixture
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    return pytest.importorskip("datasets")


def _split(datasets: Any, labels: list[int | None], shade: int = 0, names: tuple[str, ...] = ("cat", "dog")) -> Any:
    images = [Image.new("RGB", (4, 4), (shade, row, 0)) for row in range(len(labels))]
    features = datasets.Features(picture=datasets.Image(), kind=datasets.ClassLabel(names=list(names)))
    return datasets.Dataset.from_dict({"picture": images, "kind": labels}, features=features)


def test_a_saved_dataset(datasets: Any, tmp_path: Path) -> None:
    _split(datasets, [0, 1, 1]).save_to_disk(tmp_path / "pets")
    task = open_task(str(tmp_path / "pets"), domain="photo")
    assert (task.card.id, task.card.domain, task.card.labels) == ("pets", "photo", ("cat", "dog"))
    assert (task.labels, task.is_test) == ((0, 1, 1), None)
    picture = task.picture(2)
    assert picture is not None
    assert np.asarray(picture)[0, 0].tolist() == [0, 2, 0]


def test_a_saved_dataset_with_a_split_of_its_own(datasets: Any, tmp_path: Path) -> None:
    splits = {"train": _split(datasets, [0, 1, 1]), "test": _split(datasets, [1, None, 0], shade=200)}
    datasets.DatasetDict(splits).save_to_disk(tmp_path / "pets")
    task = open_task(str(tmp_path / "pets"))
    assert task.labels == (0, 1, 1, 1, 0)
    assert task.is_test == (False, False, False, True, True)
    picture = task.picture(4)
    assert picture is not None
    assert picture.getpixel((0, 0)) == (200, 2, 0)


def test_splits_that_list_other_classes_are_joined_by_name(datasets: Any, tmp_path: Path) -> None:
    train = _split(datasets, [0, 1, 2, 2], names=("ant", "bee", "cat"))
    test = _split(datasets, [0, 1, 1], names=("cat", "bee"))
    datasets.DatasetDict({"train": train, "test": test}).save_to_disk(tmp_path / "pets")
    task = open_task(str(tmp_path / "pets"))
    assert task.classes == ("ant", "bee", "cat")
    assert task.labels == (0, 1, 2, 2, 2, 1, 1)


def test_labels_that_are_texts(datasets: Any, tmp_path: Path) -> None:
    features = datasets.Features(picture=datasets.Image(), label=datasets.Value("string"))
    images = [Image.new("RGB", (4, 4), (0, row, 0)) for row in range(4)]
    rows = {"picture": images, "label": ["dog", "cat", "", "dog"]}
    datasets.Dataset.from_dict(rows, features=features).save_to_disk(tmp_path / "pets")
    task = open_task(str(tmp_path / "pets"))
    assert (task.classes, task.labels) == (("cat", "dog"), (1, 0, 1))
    assert read_card(tmp_path / "pets").labels == ("cat", "dog")


def test_a_column_of_labels_of_another_name(datasets: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    splits = {"validation": _split(datasets, [0, 1]), "test": _split(datasets, [1, 0]).rename_column("kind", "labels")}
    datasets.DatasetDict(splits).save_to_disk(tmp_path / "pets")
    task = open_task(str(tmp_path / "pets"))
    assert (task.labels, task.is_test) == ((0, 1, 1, 0), (False, False, True, True))
    assert "'pets' has no training split: its first one, 'validation', is trained on." in caplog.text


@pytest.mark.parametrize("unlabelled", ["missing", "no column"])
def test_an_unlabelled_test_split_gives_way_to_validation(
    datasets: Any, tmp_path: Path, unlabelled: str, caplog: pytest.LogCaptureFixture
) -> None:
    test = _split(datasets, [-1, -1, None], shade=9)
    test = test if unlabelled == "missing" else test.remove_columns("kind")
    splits = {"train": _split(datasets, [0, 1, 1]), "validation": _split(datasets, [1, 0], shade=5), "test": test}
    datasets.DatasetDict(splits).save_to_disk(tmp_path / "pets")
    task = open_task(str(tmp_path / "pets"))
    assert (task.labels, task.is_test) == ((0, 1, 1, 1, 0), (False, False, False, True, True))
    assert task.is_validation is None
    picture = task.picture(3)
    assert picture is not None
    assert picture.getpixel((0, 0)) == (5, 0, 0)
    assert "The test split of 'pets' is passed over: its images have no labels (3 images)." in caplog.text


def test_all_three_splits_are_used_and_others_said(
    datasets: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = ("extra", "test", "train", "validation")
    splits = {name: _split(datasets, [0, 1], shade=place) for place, name in enumerate(names)}
    datasets.DatasetDict(splits).save_to_disk(tmp_path / "pets")
    task = open_task(str(tmp_path / "pets"))
    assert task.is_validation == (False, False, True, True, False, False)
    assert task.is_test == (False,) * 4 + (True,) * 2
    assert "Splits of 'pets' that are not used: 'extra'." in caplog.text


@pytest.mark.timeout(20)
def test_rows_that_name_files_elsewhere_are_not_opened(datasets: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (4, 4)).save(secret)
    os.mkfifo(tmp_path / "pipe.png")
    rows = _split(datasets, [0, 1, 0, 1, 0]).cast_column("picture", datasets.Image(decode=False))
    rows.save_to_disk(tmp_path / "pets")
    Image.new("RGB", (4, 4), (7, 0, 0)).save(tmp_path / "pets" / "inside.png")
    (tmp_path / "pets" / "link.png").symlink_to(secret)
    paths = iter([str(secret), "/dev/zero", "../pipe.png", "link.png", "inside.png"])
    named = rows.map(lambda row: {"picture": {"bytes": None, "path": next(paths)}, "kind": row["kind"]})
    images = named.cast_column("picture", datasets.Image())
    task = task_of({Split.TRAIN: images}, "pets", "x", None, [tmp_path / "pets"])
    assert [task.decode(row) for row in range(4)] == [Unreadable.NO_FILE] * 4
    picture = task.picture(4)
    assert picture is not None
    assert picture.getpixel((0, 0)) == (7, 0, 0)


def test_a_dataset_without_class_labels(datasets: Any, tmp_path: Path) -> None:
    _split(datasets, [0, 1]).remove_columns("kind").save_to_disk(tmp_path / "pets")
    with pytest.raises(ImageTaskError, match=r"must have a column of class labels \(got picture\)"):
        open_task(str(tmp_path / "pets"))


def test_a_folder_that_only_looks_saved(datasets: Any, tmp_path: Path) -> None:
    (tmp_path / "dataset_info.json").write_text("{}")
    with pytest.raises(TaskError, match="must hold a dataset that 'save_to_disk' wrote"):
        open_task(str(tmp_path))


def test_a_dataset_that_the_hub_does_not_give(datasets: Any) -> None:
    with pytest.raises(TaskError, match="must be a folder of images or texts, a table"):
        open_task("zoograph-tests/no-such-dataset")
