from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zoograph.data.images.reading.unreadable import Unreadable
from zoograph.data.images.task import ImageTask, ImageTaskError, file_reader, make_task, task_from_arrays

ARRAYS = np.random.default_rng(0).integers(0, 255, (12, 6, 5, 3), dtype=np.uint8)
LABELS = [0, 1, 2] * 4
CLASSES = ["flying_saucer", "cat", "dog"]


def _task(**changes: Any) -> ImageTask:
    return task_from_arrays(**{"images": ARRAYS, "labels": LABELS, "classes": CLASSES, "id": "toy", **changes})


def test_arrays() -> None:
    task = _task()
    assert task.card.model_dump(exclude_defaults=True) == {
        "id": "toy",
        "source": "arrays",
        "labels": ("flying saucer", "cat", "dog"),
        "num_classes": 3,
        "num_samples": 12,
        "samples_per_class": 4.0,
    }
    assert (len(task), task.classes, task.labels) == (12, tuple(CLASSES), tuple(LABELS))
    picture = task.picture(5)
    assert picture is not None
    assert np.array_equal(np.asarray(picture), ARRAYS[5])


def test_grey_arrays_become_rgb() -> None:
    picture = _task(images=ARRAYS[..., 0]).picture(0)
    assert picture is not None
    assert np.array_equal(np.asarray(picture), np.repeat(ARRAYS[0, :, :, :1], 3, axis=2))


@pytest.mark.parametrize("images", [ARRAYS.astype(np.float32), ARRAYS[0, 0], ARRAYS[:5]])
def test_arrays_of_the_wrong_kind(images: Any) -> None:
    with pytest.raises(ValueError, match="must be uint8"):
        _task(images=images)


def test_one_class_is_no_task() -> None:
    with pytest.raises(ImageTaskError, match=r"at least two classes \(got 1\)"):
        _task(labels=[1] * 12)


def test_two_spellings_of_one_class() -> None:
    with pytest.raises(ImageTaskError, match="distinct names"):
        _task(classes=["a_b", "a b", "c"])


def test_classes_without_images_are_not_on_the_card() -> None:
    assert _task(classes=[*CLASSES, "owl"]).card.labels == ("flying saucer", "cat", "dog")


def test_the_digest_is_of_images_labels_order_and_split() -> None:
    changed = ARRAYS.copy()
    changed[3, 2, 1, 0] ^= 1
    digests = [
        _task().digest,
        _task(images=changed).digest,
        _task(labels=[1, 0, 2, *LABELS[3:]]).digest,
        _task().take([1, 0, *range(2, 12)]).digest,
        make_task("toy", "x", CLASSES, [""] * 12, LABELS, _task().read, is_test=[True] * 12).digest,
    ]
    assert len(set(digests)) == 5
    assert _task(id="other", classes=["a", "b", "c"]).digest == digests[0]


def test_a_sample_is_stratified_and_keeps_images_and_labels_together() -> None:
    sample = _task().sample(6, seed=1)
    assert sorted(sample.labels) == [0, 0, 1, 1, 2, 2]
    assert sample.card.num_samples == 12
    for row, name in enumerate(sample.names):
        place = int(name.removeprefix("toy[").removesuffix("]"))
        picture = sample.picture(row)
        assert picture is not None
        assert np.array_equal(np.asarray(picture), ARRAYS[place])
        assert sample.labels[row] == LABELS[place]
    assert _task().sample(12).names == _task().names


def test_a_sample_has_images_of_each_class_in_each_split() -> None:
    own = [False] * 9 + [True] * 3
    task = make_task("toy", "x", CLASSES, [""] * 12, LABELS, _task().read, is_test=own)
    for seed in range(20):
        sample = task.sample(6, seed)
        assert sorted(zip(sample.labels, sample.is_test or (), strict=True)) == [
            (label, split) for label in range(3) for split in (False, True)
        ]


def test_a_sample_keeps_the_split() -> None:
    task = make_task("toy", "x", CLASSES, [""] * 12, LABELS, _task().read, is_test=[True, False] * 6)
    assert task.take([0, 1, 3]).is_test == (True, False, False)
    assert task.take([0, 1, 3]).white is task.white


def test_the_digest_is_of_the_validation_split_too() -> None:
    own = {"is_test": [True] + [False] * 11}
    masks = [None, [False, True] + [False] * 10, [False, False, True] + [False] * 9]
    tasks = [make_task("toy", "x", CLASSES, [""] * 12, LABELS, _task().read, **own, is_validation=m) for m in masks]
    assert len({task.digest for task in tasks}) == 3


def test_a_file_that_is_not_there_or_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "large.png").write_bytes(b"x" * 2000)
    monkeypatch.setattr("zoograph.data.images.task._MOST_BYTES", 1000)
    read = file_reader([tmp_path / "pipe.png", tmp_path / "none.png", Path("/dev/zero"), tmp_path / "large.png"])
    task = make_task("toy", "x", [], [""] * 4, [0, 1, 0, 1], read)
    kinds = [task.decode(row) for row in range(4)]
    assert kinds == [Unreadable.NO_FILE, Unreadable.NO_FILE, Unreadable.NO_FILE, Unreadable.TOO_LARGE]


def test_an_image_that_cannot_be_read_is_none() -> None:
    whole = b"\x89PNG\r\n\x1a\n" + b"\0" * 50
    for held in (b"", b"text", whole):
        assert make_task("toy", "x", [], ["", ""], [0, 1], lambda row, held=held: held).picture(0) is None


def test_a_truncated_file_is_none(tmp_path: Path) -> None:
    Image.fromarray(ARRAYS[0]).resize((64, 64)).save(tmp_path / "a.jpg")
    raw = (tmp_path / "a.jpg").read_bytes()
    task = make_task("toy", "x", [], ["", ""], [0, 1], lambda row: raw if row else raw[: len(raw) // 2])
    assert task.picture(0) is None
    assert task.picture(1) is not None


def test_sixteen_bits_are_not_clipped() -> None:
    deep = Image.fromarray(np.full((4, 4), 128 * 256, dtype=np.uint16))
    picture = make_task("toy", "x", [], ["", ""], [0, 1], lambda row: deep).picture(0)
    assert picture is not None
    assert picture.getpixel((0, 0)) == (128, 128, 128)


def test_more_than_one_percent_corrupt_is_an_error() -> None:
    task = _task(images=np.zeros((200, 2, 2), np.uint8), labels=[0, 1] * 100)
    task.require_few_unreadable({3: Unreadable.EMPTY, 4: Unreadable.EMPTY})
    with pytest.raises(
        ImageTaskError, match=r"At most 1 % of the 200 images .*got 3\).* 2 are each an empty file: 'toy"
    ):
        task.require_few_unreadable({3: Unreadable.EMPTY, 4: Unreadable.DAMAGED, 5: Unreadable.EMPTY})
