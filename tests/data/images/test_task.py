from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zoograph.data.images.task import ImageTask, ImageTaskError, make_task, task_from_arrays, task_from_torchvision
from zoograph.data.images.unreadable import Unreadable

ARRAYS = np.random.default_rng(0).integers(0, 255, (12, 6, 5, 3), dtype=np.uint8)
LABELS = [0, 1, 2] * 4
CLASSES = ["flying_saucer", "cat", "dog"]


def _task(**changes: Any) -> ImageTask:
    return task_from_arrays(**{"images": ARRAYS, "labels": LABELS, "classes": CLASSES, "id": "toy", **changes})


class Items:
    """What torchvision's datasets look like from outside."""

    classes = ("cat", "dog")

    def __init__(self, items: list[tuple[Any, int]]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, row: int) -> tuple[Any, int]:
        return self.items[row]


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


def test_a_torchvision_dataset() -> None:
    items = Items([(Image.fromarray(array), label % 2) for label, array in enumerate(ARRAYS)])
    task = task_from_torchvision(items, "birds")
    assert (task.card.id, task.card.source, task.card.labels) == ("birds", "Items", ("cat", "dog"))
    assert task.labels == (0, 1) * 6
    assert task.names[3] == "birds[3]"
    picture = task.picture(3)
    assert picture is not None
    assert np.array_equal(np.asarray(picture), ARRAYS[3])


def test_labels_of_a_torchvision_dataset_are_read_without_its_images() -> None:
    class Listed(Items):
        targets = (0, 1, 1)

        def __getitem__(self, row: int) -> tuple[Any, int]:
            raise AssertionError("no image is needed")

    assert task_from_torchvision(Listed([]), "birds").labels == (0, 1, 1)


def test_a_torchvision_dataset_with_a_transform() -> None:
    task = task_from_torchvision(Items([(ARRAYS[0], 0), (ARRAYS[1], 1)]), "birds")
    with pytest.raises(ImageTaskError, match=r"must be PIL images \(got ndarray\)"):
        task.picture(0)


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


def test_a_sample_keeps_the_split() -> None:
    task = make_task("toy", "x", CLASSES, [""] * 12, LABELS, _task().read, is_test=[True, False] * 6)
    assert task.take([0, 1, 3]).is_test == (True, False, False)


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
