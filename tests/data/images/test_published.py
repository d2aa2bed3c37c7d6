"""Datasets as torchvision and their authors publish them, made small."""

from __future__ import annotations

import bz2
import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoograph.data.images.identity import folder_digest
from zoograph.data.images.published import find_published
from zoograph.data.images.sources import read_card
from zoograph.data.images.task import ImageTaskError
from zoograph.data.tasks.sources import check_dataset, open_task

TRAIN, TEST = np.arange(6) % 3, np.array([2, 0])


def _idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}i", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def _mnist(root: Path) -> None:
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, labels in (("train", TRAIN), ("t10k", TEST)):
        pictures = np.stack([np.full((4, 4), 10 * label + 1) for label in labels])
        (raw / f"{name}-images-idx3-ubyte").write_bytes(_idx(pictures))
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(_idx(labels))


def _fashion(root: Path) -> None:
    folder = root / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for name, labels in (("train", TRAIN), ("t10k", TEST)):
        pictures = np.stack([np.full((4, 4), 10 * label + 1) for label in labels])
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(_idx(pictures)))
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(_idx(labels)))


def _usps(root: Path) -> None:
    root.mkdir(parents=True)
    for name, labels in (("usps.bz2", TRAIN), ("usps.t.bz2", TEST)):
        lines = [
            f"{label + 1} " + " ".join(f"{cell + 1}:{(10 * label + 1) / 127.5 - 1:.6f}" for cell in range(256))
            for label in labels
        ]
        (root / name).write_bytes(bz2.compress("\n".join(lines).encode()))


def _records(labels: np.ndarray, coarse: bool = False) -> bytes:
    pixels = np.repeat(10 * labels[:, None] + 1, 3072, axis=1)
    before = [np.full((len(labels), 1), 7)] * coarse
    return np.concatenate([*before, labels[:, None], pixels], axis=1).astype(np.uint8).tobytes()


def _cifar10(root: Path) -> None:
    folder = root / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for name, labels in (("data_batch_1", TRAIN[:4]), ("data_batch_2", TRAIN[4:]), ("test_batch", TEST)):
        (folder / f"{name}.bin").write_bytes(_records(labels))
    (folder / "batches.meta.txt").write_text("plane\ncar\nbird\n\n")


def _cifar100(root: Path) -> None:
    folder = root / "cifar-100-binary"
    folder.mkdir(parents=True)
    for name, labels in (("train", TRAIN), ("test", TEST)):
        (folder / f"{name}.bin").write_bytes(_records(labels, coarse=True))
    (folder / "fine_label_names.txt").write_text("apple\nbear\ncrab\n")


def _save(path: Path, label: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (10 * label + 1,) * 3).save(path, quality=100)


def _pets(root: Path) -> None:
    folder, breeds = root / "oxford-iiit-pet", ("Abyssinian", "basset_hound", "Sphynx")
    (folder / "annotations").mkdir(parents=True)
    for name, labels in (("trainval", TRAIN), ("test", TEST)):
        images = [f"{breeds[label]}_{name}{row}" for row, label in enumerate(labels)]
        lines = [f"{image} {label + 1} 1 1" for image, label in zip(images, labels, strict=True)]
        (folder / "annotations" / f"{name}.txt").write_text("\n".join(lines) + "\n")
        for image, label in zip(images, labels, strict=True):
            _save(folder / "images" / f"{image}.jpg", label)


def _aircraft(root: Path) -> None:
    folder, kinds = root / "fgvc-aircraft-2013b" / "data", ("707-320", "A300B4", "Boeing 717")
    folder.mkdir(parents=True)
    for start, name, labels in ((0, "trainval", TRAIN), (100, "test", TEST)):
        lines = [f"{start + row:07d} {kinds[label]}" for row, label in enumerate(labels)]
        (folder / f"images_variant_{name}.txt").write_text("\n".join(lines) + "\n")
        for row, label in enumerate(labels):
            _save(folder / "images" / f"{start + row:07d}.jpg", label)


def _dtd(root: Path) -> None:
    folder, kinds = root / "dtd", ("banded", "dotted", "woven")
    (folder / "labels").mkdir(parents=True)
    for name, labels in (("train1", TRAIN[:3]), ("val1", TRAIN[3:]), ("test1", TEST)):
        images = [f"{kinds[label]}/{kinds[label]}_{name}{row}.jpg" for row, label in enumerate(labels)]
        (folder / "labels" / f"{name}.txt").write_text("\n".join(images) + "\n")
        for image, label in zip(images, labels, strict=True):
            _save(folder / "images" / image, label)


@pytest.mark.parametrize(
    ("make", "classes"),
    [
        (_mnist, ("0", "1", "2")),
        (_fashion, ("T-shirt/top", "trouser", "pullover")),
        (_usps, ("0", "1", "2")),
        (_cifar10, ("plane", "car", "bird")),
        (_cifar100, ("apple", "bear", "crab")),
        (_pets, ("Abyssinian", "Sphynx", "basset_hound")),
        (_aircraft, ("707-320", "A300B4", "Boeing 717")),
        (_dtd, ("banded", "dotted", "woven")),
    ],
)
def test_images_labels_and_split_are_those_of_the_authors(
    make: Callable[[Path], None], classes: tuple[str, ...], tmp_path: Path
) -> None:
    root = tmp_path / "root"
    make(root)
    check_dataset(str(root))
    task = open_task(str(root))
    assert task.classes[:3] == classes
    assert task.is_test is not None
    assert (len(task), sum(task.is_test)) == (8, 2)
    order = {"Sphynx": 2, "basset_hound": 1}  # as drawn, not as sorted
    for row in range(8):
        picture, name = task.picture(row), task.classes[task.labels[row]]
        assert picture is not None
        drawn = order.get(name, task.labels[row])
        assert abs(picture.getpixel((1, 1))[0] - (10 * drawn + 1)) <= 2
    assert [task.is_test[row] for row in range(8)] == [False] * 6 + [True] * 2
    assert read_card(root).num_samples == 8
    before = folder_digest(root)
    (root / "more").write_text("x")
    assert folder_digest(root) != before


def test_a_folder_of_classes_is_no_published_layout(tmp_path: Path) -> None:
    for name in ("train", "test"):
        _save(tmp_path / "plain" / name / "a.png", 1)
    assert find_published(tmp_path / "plain") is None
    assert find_published(tmp_path / "nowhere") is None


def test_pickles_and_files_that_were_cut_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a" / "cifar-10-batches-py").mkdir(parents=True)
    for name in ("data_batch_1", "test_batch", "batches.meta"):
        (tmp_path / "a" / "cifar-10-batches-py" / name).write_bytes(b"")
    with pytest.raises(ImageTaskError, match=r"holds CIFAR for Python .* Download the binary version"):
        open_task(str(tmp_path / "a"))
    _mnist(tmp_path / "b")
    images = tmp_path / "b" / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:-1])
    with pytest.raises(ImageTaskError, match="must hold bytes in the idx format"):
        open_task(str(tmp_path / "b"))
    _cifar100(tmp_path / "c")
    cut = tmp_path / "c" / "cifar-100-binary" / "test.bin"
    cut.write_bytes(cut.read_bytes()[:-1])
    with pytest.raises(ImageTaskError, match="must hold whole images"):
        open_task(str(tmp_path / "c"))


@pytest.mark.parametrize(
    "files",
    [
        dict.fromkeys(
            (f"{part}-{what}-ubyte.gz" for part in ("train", "t10k") for what in ("images-idx3", "labels-idx1")), b"?"
        ),
        {"usps.bz2": bz2.compress(b"1 1:x\n"), "usps.t.bz2": b"?"},
        {"usps.bz2": b"?", "usps.t.bz2": b"?"},
        {"annotations/trainval.txt": b"\xff a\n", "annotations/test.txt": b"a\n"},
        {"data_batch_1.bin": b"\xc8" * 3073, "test_batch.bin": b"\1" * 3073, "batches.meta.txt": b"a\nb\n"},
    ],
)
def test_damaged_files_are_told(tmp_path: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ImageTaskError, match=r"which must be whole .*Download them again"):
        open_task(str(tmp_path))
