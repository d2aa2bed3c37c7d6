"""Datasets in the layouts in which their authors and torchvision publish them, where that is no folder a class."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zoograph.data.images.task import ImageTask, ImageTaskError, file_reader, make_task

_DIGITS = tuple("0123456789")
_FASHION = ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
_IDX = ("train-images", "train-labels", "t10k-images", "t10k-labels")

_MOST_BELOW = 3

Arrays = tuple[NDArray[np.uint8], NDArray[np.int64]]


def find_published(folder: Path) -> Callable[[str | None], ImageTask] | None:
    """Return what opens a folder in a published layout, given a domain; None if it is in none of them.

    Known are MNIST and its likes (idx files, gzipped or not; in ``raw`` too), USPS (``usps.bz2``, ``usps.t.bz2``),
    CIFAR-10 and CIFAR-100 (the binary version: that for Python holds pickles and is refused), Oxford-IIIT Pet
    (``annotations/trainval.txt``), FGVC Aircraft (``images_variant_trainval.txt``) and DTD (``labels/train1.txt``),
    each with the authors' test images. Of a dataset of torchvision, the folder that its ``root`` was, or the one below
    it, is meant.
    """
    if not folder.is_dir():
        return None
    below = sorted(part for part in folder.iterdir() if part.is_dir())
    if len(below) > _MOST_BELOW:  # these are classes
        below = []
    for place in (folder, *below, *(part / "raw" for part in (folder, *below)), *(part / "data" for part in below)):
        for recognises, opens in _LAYOUTS:
            if recognises(place):
                return partial(_open, opens, folder, place)
    return None


def _open(
    opens: Callable[[Path, Path, str | None], ImageTask], folder: Path, place: Path, domain: str | None
) -> ImageTask:
    try:
        return opens(folder, place, domain)
    except (OSError, EOFError, ValueError, IndexError, zlib.error) as error:
        raise ImageTaskError(
            f"The folder '{folder}' has the files of a published dataset, which must be whole (got: {error}). Download "
            "them again."
        ) from error


# -- arrays -------------------------------------------------------------------------------------------


def _from_arrays(
    folder: Path, parts: list[Arrays], classes: tuple[str, ...], domain: str | None, source: str
) -> ImageTask:
    from PIL import Image

    images = [image for pictures, _ in parts for image in pictures]
    labels = [int(label) for _, part in parts for label in part]
    is_test = [False] * len(parts[0][1]) + [True] * len(parts[1][1])
    names = [f"train[{row}]" for row in range(len(parts[0][1]))] + [f"test[{row}]" for row in range(len(parts[1][1]))]
    return make_task(
        folder.resolve().name, source, classes, names, labels, lambda row: Image.fromarray(images[row]), is_test, domain
    )


def _idx_file(place: Path, start: str) -> Path | None:
    found = sorted(path for path in place.glob(f"{start}*idx*") if path.suffix in (".gz", "") or "ubyte" in path.name)
    return found[0] if found else None


def _has_idx(place: Path) -> bool:
    return place.is_dir() and all(_idx_file(place, name) is not None for name in _IDX)


def _read_idx(path: Path | None) -> NDArray[np.uint8]:
    assert path is not None
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    dimensions = raw[3] if len(raw) > 4 and raw[:3] == b"\x00\x00\x08" else 0
    shape = np.frombuffer(raw, ">i4", dimensions, 4) if dimensions else np.zeros(0, np.int64)
    if not dimensions or len(raw) != 4 + 4 * dimensions + int(np.prod(shape)):
        raise ImageTaskError(f"The file '{path}' must hold bytes in the idx format (got another). Download it again.")
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def _open_idx(folder: Path, place: Path, domain: str | None) -> ImageTask:
    files = [_read_idx(_idx_file(place, name)) for name in _IDX]
    parts = [(files[side], files[side + 1].astype(np.int64)) for side in (0, 2)]
    most = max(int(labels.max()) for _, labels in parts)
    classes = _FASHION if "fashion" in str(place).lower() and most < 10 else tuple(str(one) for one in range(most + 1))
    return _from_arrays(folder, parts, classes, domain, "idx files")


def _open_usps(folder: Path, place: Path, domain: str | None) -> ImageTask:
    parts = []
    for name in ("usps.bz2", "usps.t.bz2"):
        rows = [line.split() for line in bz2.decompress((place / name).read_bytes()).decode().splitlines() if line]
        values = np.array([[float(cell.partition(":")[2]) for cell in row[1:]] for row in rows])
        pictures = ((values + 1) / 2 * 255).astype(np.uint8).reshape(-1, 16, 16)
        parts.append((pictures, np.array([int(row[0]) - 1 for row in rows])))
    return _from_arrays(folder, parts, _DIGITS, domain, "USPS")


def _open_cifar(folder: Path, place: Path, domain: str | None) -> ImageTask:
    hundred = (place / "train.bin").is_file()
    before = 2 if hundred else 1  # the last label is the fine one
    train = [place / "train.bin"] if hundred else sorted(place.glob("data_batch_*.bin"))
    parts = []
    for paths in (train, [place / ("test.bin" if hundred else "test_batch.bin")]):
        raw = np.frombuffer(b"".join(path.read_bytes() for path in paths), np.uint8)
        if not len(raw) or len(raw) % (before + 3072):
            raise ImageTaskError(f"The files in '{place}' must hold whole images (got others). Download them again.")
        rows = raw.reshape(-1, before + 3072)
        pictures = np.ascontiguousarray(rows[:, before:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        parts.append((pictures, rows[:, before - 1].astype(np.int64)))
    classes = tuple(_lines(place / ("fine_label_names.txt" if hundred else "batches.meta.txt")))
    return _from_arrays(folder, parts, classes, domain, "CIFAR")


def _refuse_pickles(folder: Path, place: Path, domain: str | None) -> ImageTask:
    raise ImageTaskError(
        f"The folder '{folder}' holds CIFAR for Python (got pickles, which can run code when they are read). "
        "Download the binary version from the same page, 'cifar-10-binary.tar.gz' or 'cifar-100-binary.tar.gz'."
    )


# -- lists of files -----------------------------------------------------------------------------------


def _from_files(folder: Path, rows: list[tuple[Path, str, bool]], domain: str | None, source: str) -> ImageTask:
    classes = tuple(sorted({name for _, name, _ in rows}))
    place = {name: number for number, name in enumerate(classes)}
    paths = [path for path, _, _ in rows]
    return make_task(
        folder.resolve().name,
        source,
        classes,
        [str(path.relative_to(folder)) for path in paths],
        [place[name] for _, name, _ in rows],
        file_reader(paths),
        [test for _, _, test in rows],
        domain,
    )


def _lines(path: Path) -> Iterator[str]:
    yield from (line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def _open_pets(folder: Path, place: Path, domain: str | None) -> ImageTask:
    rows = []
    for name, test in (("trainval", False), ("test", True)):
        for line in _lines(place / "annotations" / f"{name}.txt"):
            image = line.split()[0]
            rows.append((place / "images" / f"{image}.jpg", image.rpartition("_")[0], test))
    return _from_files(folder, rows, domain, "Oxford-IIIT Pet")


def _open_aircraft(folder: Path, place: Path, domain: str | None) -> ImageTask:
    rows = []
    for name, test in (("trainval", False), ("test", True)):
        for line in _lines(place / f"images_variant_{name}.txt"):
            image, _, variant = line.partition(" ")
            rows.append((place / "images" / f"{image}.jpg", variant, test))
    return _from_files(folder, rows, domain, "FGVC Aircraft")


def _open_dtd(folder: Path, place: Path, domain: str | None) -> ImageTask:
    rows = []
    for name, test in (("train1", False), ("val1", False), ("test1", True)):
        for line in _lines(place / "labels" / f"{name}.txt"):
            rows.append((place / "images" / line, line.partition("/")[0], test))
    return _from_files(folder, rows, domain, "DTD")


def _holds(*names: str) -> Callable[[Path], bool]:
    return lambda place: all((place / name).is_file() for name in names)


_LAYOUTS: tuple[tuple[Callable[[Path], bool], Callable[[Path, Path, str | None], ImageTask]], ...] = (
    (_has_idx, _open_idx),
    (_holds("usps.bz2", "usps.t.bz2"), _open_usps),
    (_holds("data_batch_1.bin", "test_batch.bin", "batches.meta.txt"), _open_cifar),
    (_holds("train.bin", "test.bin", "fine_label_names.txt"), _open_cifar),
    (_holds("data_batch_1", "test_batch", "batches.meta"), _refuse_pickles),
    (_holds("train", "test", "meta"), _refuse_pickles),
    (_holds("annotations/trainval.txt", "annotations/test.txt"), _open_pets),
    (_holds("images_variant_trainval.txt", "images_variant_test.txt"), _open_aircraft),
    (_holds("labels/train1.txt", "labels/val1.txt", "labels/test1.txt"), _open_dtd),
)
