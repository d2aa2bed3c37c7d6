"""Labels are what the items say, and names are given where they still hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import ConcatDataset, Subset, random_split

from zoograph.data.images.task import ImageTaskError
from zoograph.data.images.torchvision_datasets import task_from_torchvision

datasets = pytest.importorskip("torchvision.datasets")
ARRAYS = np.random.default_rng(0).integers(0, 255, (12, 6, 5, 3), dtype=np.uint8)
NAMES = ("cat_black", "cat_white", "dog_black", "dog_white")


class Items:
    """What torchvision's datasets look like from outside."""

    classes = ("cat", "dog")

    def __init__(self, items: list[tuple[Any, int]]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, row: int) -> tuple[Any, int]:
        return self.items[row]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for label, name in enumerate(NAMES):
        (tmp_path / name).mkdir()
        for row in range(2):
            Image.new("RGB", (4, 4), (label, row, 0)).save(tmp_path / name / f"{row}.png")
    return tmp_path


def test_a_torchvision_dataset() -> None:
    items = Items([(Image.fromarray(array), label % 2) for label, array in enumerate(ARRAYS)])
    task = task_from_torchvision(items, "birds")
    assert (task.card.id, task.card.source, task.card.labels) == ("birds", "Items", ("cat", "dog"))
    assert task.labels == (0, 1) * 6
    assert task.names[3] == "birds[3]"
    picture = task.picture(3)
    assert picture is not None
    assert np.array_equal(np.asarray(picture), ARRAYS[3])


def test_a_torchvision_dataset_with_a_transform() -> None:
    task = task_from_torchvision(Items([(ARRAYS[0], 0), (ARRAYS[1], 1)]), "birds")
    with pytest.raises(ImageTaskError, match=r"must be PIL images \(got ndarray\)"):
        task.picture(0)


def test_labels_of_torchvisions_own_are_read_without_their_images(root: Path) -> None:
    opened: list[str] = []

    def load(path: str) -> Image.Image:
        opened.append(path)
        with Image.open(path) as image:
            return image.copy()

    task = task_from_torchvision(datasets.ImageFolder(root, loader=load), "pets")
    assert (task.labels, task.classes) == ((0, 0, 1, 1, 2, 2, 3, 3), NAMES)
    assert len(opened) <= 1


def test_a_target_transform_counts_and_the_names_hold_no_longer(root: Path) -> None:
    coarse = datasets.ImageFolder(root, target_transform=lambda label: label // 2)
    task = task_from_torchvision(coarse, "pets")
    assert task.labels == (0, 0, 0, 0, 1, 1, 1, 1)
    assert (task.classes, task.card.labels) == (("0", "1"), ())
    assert task_from_torchvision(coarse, "pets", ["cat", "dog"]).card.labels == ("cat", "dog")
    same = datasets.ImageFolder(root, target_transform=int)
    assert task_from_torchvision(same, "pets").classes == NAMES


def test_a_target_transform_to_names(root: Path) -> None:
    task = task_from_torchvision(datasets.ImageFolder(root, target_transform=lambda y: ["dog", "cat"][y // 2]), "pets")
    assert (task.labels, task.card.labels) == ((1, 1, 1, 1, 0, 0, 0, 0), ("cat", "dog"))


def test_a_subclass_that_changes_its_labels(root: Path) -> None:
    class Coarse(datasets.ImageFolder):
        def __getitem__(self, row: int) -> Any:
            image, label = super().__getitem__(row)
            return image, label // 2

    task = task_from_torchvision(Coarse(root), "pets")
    assert (task.labels, task.card.labels) == ((0, 0, 0, 0, 1, 1, 1, 1), ())
    subset = task_from_torchvision(Subset(Coarse(root), [0, 7]), "pets")
    assert (subset.labels, subset.card.labels) == ((0, 1), ())


def test_transforms_of_images_and_labels_together(root: Path) -> None:
    both = datasets.ImageFolder(root)
    both.transforms = lambda image, label: (image, label)
    assert task_from_torchvision(both, "pets").labels == (0, 0, 1, 1, 2, 2, 3, 3)


def test_a_subset_keeps_names_and_the_images_of_its_rows(root: Path) -> None:
    subset = Subset(Subset(datasets.ImageFolder(root), [0, 1, 4, 5, 7]), [4, 0, 3])
    task = task_from_torchvision(subset, "pets")
    assert (task.labels, task.classes, task.card.source) == ((3, 0, 2), NAMES, "ImageFolder")
    assert task.card.labels == ("cat black", "dog black", "dog white")
    picture = task.picture(0)
    assert picture is not None
    assert picture.getpixel((0, 0)) == (3, 1, 0)
    first, _ = random_split(datasets.ImageFolder(root), [6, 2], torch.Generator().manual_seed(0))
    assert task_from_torchvision(first, "pets").labels == tuple(first[row][1] for row in range(6))


def test_datasets_one_after_the_other(root: Path) -> None:
    folder = datasets.ImageFolder(root)
    task = task_from_torchvision(ConcatDataset([folder, Subset(folder, [7, 0])]), "pets")
    assert (task.labels[-2:], task.classes) == ((3, 0), NAMES)
    items = Items([(Image.new("RGB", (2, 2)), 0)])
    with pytest.raises(ImageTaskError, match="must have the same classes in the same order"):
        task_from_torchvision(ConcatDataset([folder, items]), "pets")


def test_images_without_a_label_are_left_out() -> None:
    images = [Image.fromarray(array) for array in ARRAYS[:4]]
    task = task_from_torchvision(Items(list(zip(images, [0, -1, None, torch.tensor(1)], strict=True))), "birds")
    assert (task.labels, task.names) == ((0, 1), ("birds[0]", "birds[3]"))
    picture = task.picture(1)
    assert picture is not None
    assert np.array_equal(np.asarray(picture), ARRAYS[3])


@pytest.mark.parametrize(("label", "match"), [(5, "got 5, and 2 names"), (0.5, "got float"), ([1, 2], "got list")])
def test_labels_that_are_none(label: Any, match: str) -> None:
    items = Items([(Image.fromarray(ARRAYS[0]), 0), (Image.fromarray(ARRAYS[1]), label)])
    with pytest.raises(ImageTaskError, match=match):
        task_from_torchvision(items, "birds")


def test_names_of_several_words() -> None:
    items = Items([(Image.fromarray(ARRAYS[row]), row) for row in range(2)])
    items.classes = (("tench", "Tinca tinca"), ("goldfish",))  # type: ignore[assignment]
    assert task_from_torchvision(items, "net").card.labels == ("tench", "goldfish")
