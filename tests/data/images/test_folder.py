from __future__ import annotations

import logging
import os
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from zoograph.data.errors import ImageFolderError
from zoograph.data.images.folder import dataset_card_from_folder, read_folder


def make(root: Path, **classes: int | list[str]) -> Path:
    """Write empty files: a number of images, or the names given, for each class."""
    for name, files in classes.items():
        (root / name).mkdir(parents=True)
        for file in files if isinstance(files, list) else [f"{row}.jpg" for row in range(files)]:
            (root / name / file).touch()
    return root


def count_images(path: Path) -> dict[str, int]:
    """Return the number of images of each class, in the order of the names of the classes."""
    folder = read_folder(path)
    counts = Counter(label for _, label in folder.files)
    return {name: counts[label] for label, name in enumerate(folder.classes)}


def test_a_card(tmp_path: Path) -> None:
    card = dataset_card_from_folder(make(tmp_path / "my_pets", flying_saucer=3, cat=1), domain="sketch")
    assert card.model_dump(exclude_defaults=True) == {
        "id": "my_pets",
        "source": "image folder",
        "domain": "sketch",
        "labels": ("cat", "flying saucer"),
        "num_classes": 2,
        "num_samples": 4,
        "samples_per_class": 2.0,
    }
    assert dataset_card_from_folder(tmp_path / "my_pets", id="pets").id == "pets"


def test_the_id_is_the_name_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make(tmp_path / "pets", cat=1, dog=1))
    assert dataset_card_from_folder(".").id == "pets"
    assert dataset_card_from_folder(f"{tmp_path}/pets/").id == "pets"


def test_what_counts_as_an_image(tmp_path: Path) -> None:
    files = ["a.JPG", "b.jpeg", "c.png", "d.webp", "e.tif", "f.bmp", "g.gif", "h.ppm"]
    others = ["a.txt", "b.pdf", "c.h5", "d.mpg", "noending", ".hidden.jpg", "jpg", "Thumbs.db"]
    make(tmp_path, cat=files + others, dog=1)
    (tmp_path / "dog" / "folder.jpg").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.jpg").touch()
    (tmp_path / "README.md").touch()
    assert count_images(tmp_path) == {"cat": len(files), "dog": 1}


def test_each_folder_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, **{f"class{row:03}": 2 for row in range(50)})
    listed: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(str(path)) or scandir(path))
    assert len(count_images(tmp_path)) == 50
    assert len(listed) == len(set(listed)) == 51


def test_an_empty_class_is_left_out_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make(tmp_path, cat=2, dog=1, owl=["notes.txt"])
    with caplog.at_level(logging.WARNING):
        card = dataset_card_from_folder(tmp_path)
    assert (card.labels, card.samples_per_class) == (("cat", "dog"), 1.5)
    assert "Classes without images" in caplog.text
    assert "'owl'" in caplog.text


def test_images_outside_the_classes_are_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make(tmp_path, cat=1, dog=1)
    (tmp_path / "loose.png").touch()
    make(tmp_path / "dog", puppy=3)
    with caplog.at_level(logging.WARNING):
        assert count_images(tmp_path) == {"cat": 1, "dog": 4}
    assert "1 image in" in caplog.text


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(ImageFolderError, match=r"must be a folder .* \(got nothing there\)"):
        dataset_card_from_folder(tmp_path / "none")


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "cats.zip").touch()
    with pytest.raises(ImageFolderError, match=r"\(got a file\)"):
        dataset_card_from_folder(tmp_path / "cats.zip")


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ImageFolderError, match=r"one sub-folder of images for each class \(got no sub-folders\)"):
        dataset_card_from_folder(tmp_path)


def test_images_that_lie_flat(tmp_path: Path) -> None:
    for row in range(3):
        (tmp_path / f"{row}.png").touch()
    with pytest.raises(ImageFolderError, match=r"\(got 3 images beside each other\).*Move the images"):
        dataset_card_from_folder(tmp_path)


def test_no_image_at_all(tmp_path: Path) -> None:
    make(tmp_path, cat=["a.txt"], dog=0)
    with pytest.raises(
        ImageFolderError,
        match=r"must hold images \(got none in 'cat', 'dog'; 1 file ending in '.txt' \(no image format\)\). Check",
    ):
        dataset_card_from_folder(tmp_path)


# -- splits ---------------------------------------------------------------------------------------


def test_splits_are_read_as_such(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make(tmp_path / "Train", king=3, queen=2)
    make(tmp_path / "valid", queen=1, king=1)
    make(tmp_path / "test", king=2)
    with caplog.at_level(logging.WARNING):
        folder = read_folder(tmp_path)
    assert folder.classes == ("king", "queen")
    assert folder.files == (
        *((f"Train/king/{row}.jpg", 0) for row in range(3)),
        *((f"Train/queen/{row}.jpg", 1) for row in range(2)),
        ("valid/king/0.jpg", 0),
        ("valid/queen/0.jpg", 1),
        ("test/king/0.jpg", 0),
        ("test/king/1.jpg", 0),
    )
    assert folder.is_validation == (False,) * 5 + (True,) * 2 + (False,) * 2
    assert folder.is_test == (False,) * 7 + (True,) * 2
    assert "'Train', 'test', 'valid' of" in caplog.text
    card = dataset_card_from_folder(tmp_path, id="chess")
    assert (card.labels, card.num_samples, card.splits) == (
        ("king", "queen"),
        9,
        {"train": 5, "validation": 2, "test": 2},
    )


def test_a_test_split_without_classes_is_passed_over(tmp_path: Path) -> None:
    make(tmp_path / "train", cat=2, dog=2)
    make(tmp_path / "val", cat=1, dog=1)
    make(tmp_path, test=5)
    folder = read_folder(tmp_path)
    assert len(folder.files) == 6
    assert folder.is_test == (False,) * 4 + (True,) * 2
    assert folder.is_validation is None
    assert folder.warnings == (
        f"The test split of '{tmp_path}' is passed over: its images have no labels (5 images).",
        f"The validation split of '{tmp_path}' is what is tested on.",
    )


def test_a_split_whose_folders_are_no_classes_is_passed_over(tmp_path: Path) -> None:
    make(tmp_path / "train" / "n01", images=2)
    make(tmp_path / "train" / "n02", images=2)
    make(tmp_path / "val", images=3)
    folder = read_folder(tmp_path)
    assert (folder.classes, len(folder.files), folder.is_test) == (("n01", "n02"), 4, None)
    assert "none of its classes is one to train on" in folder.warnings[0]


def test_a_training_split_alone(tmp_path: Path) -> None:
    make(tmp_path / "train", cat=2, dog=2)
    assert count_images(tmp_path) == {"cat": 2, "dog": 2}


@pytest.mark.parametrize("others", [{"test": 3}, {"test": 3, "val": 2}])
def test_splits_without_classes_are_no_classes(tmp_path: Path, others: dict[str, int]) -> None:
    make(tmp_path, train=5, **others)
    with pytest.raises(ImageFolderError, match=r"must hold one sub-folder of images for each class.*'train/cat'"):
        read_folder(tmp_path)


def test_splits_of_published_names_without_classes_are_no_classes(tmp_path: Path) -> None:
    make(tmp_path, train2017=5, val2017=2, annotations=["instances.json"])
    with pytest.raises(ImageFolderError, match="got 'train2017', 'val2017'"):
        read_folder(tmp_path)


def test_two_folders_of_one_split(tmp_path: Path) -> None:
    for name in ("train", "val", "valid"):
        make(tmp_path / name, cat=2, dog=2)
    with pytest.raises(ImageFolderError, match=r"one folder of each split \(got 'val', 'valid'\)"):
        read_folder(tmp_path)


def test_a_class_that_is_called_like_a_split(tmp_path: Path) -> None:
    make(tmp_path / "train", steam=2, diesel=1)
    make(tmp_path, car=1, bus=2)
    assert count_images(tmp_path) == {"bus": 2, "car": 1, "train": 3}


def test_a_training_split_of_one_class(tmp_path: Path) -> None:
    make(tmp_path / "train", cat=2)
    make(tmp_path / "test", cat=2, dog=2)
    with pytest.raises(ImageFolderError, match=r"training split .* at least two classes with images \(got 'cat'\)"):
        read_folder(tmp_path)


# -- folders inside the classes -------------------------------------------------------------------


def test_images_at_any_depth_belong_to_the_class(tmp_path: Path) -> None:
    make(tmp_path / "ripe", batch_1=4, batch_2=4)
    make(tmp_path / "unripe" / "2023", batch_1=4)
    (tmp_path / "unripe" / "x.jpg").touch()
    assert count_images(tmp_path) == {"ripe": 8, "unripe": 5}
    assert read_folder(tmp_path).files[:1] == (("ripe/batch_1/0.jpg", 0),)


def test_the_order_is_that_of_torchvision(tmp_path: Path) -> None:
    datasets = pytest.importorskip("torchvision.datasets")
    make(tmp_path / "b" / "x-y", z=2)
    make(tmp_path / "b", x=2, xa=1)
    make(tmp_path / "b" / "x", y=["b.png", "a.jpg"])
    make(tmp_path, a=11)
    expected = [
        (str(Path(path).relative_to(tmp_path)), label) for path, label in datasets.ImageFolder(tmp_path).samples
    ]
    assert list(read_folder(tmp_path).files) == expected


def test_one_folder_around_all_classes(tmp_path: Path) -> None:
    make(tmp_path / "images", cat=5, dog=5)
    with pytest.raises(ImageFolderError, match=r"If the classes are the 2 folders in '.*images', give that folder"):
        dataset_card_from_folder(tmp_path)


def test_splits_inside_the_classes_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("cat", "dog"):
        make(tmp_path / name, train=2, test=1)
    with caplog.at_level(logging.WARNING):
        assert count_images(tmp_path) == {"cat": 3, "dog": 3}
    assert "are called 'test', 'train': their images are read together" in caplog.text


def test_what_is_left_out_is_counted_by_kind(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("cat", "dog"):
        make(tmp_path, **{name: ["a.jpg", "b.jpg", *(f"{row}.HEIC" for row in range(9)), "noending"]})
    with caplog.at_level(logging.WARNING):
        count_images(tmp_path)
    assert "18 files ending in '.heic' (pip install pillow-heif makes them readable)" in caplog.text
    assert "2 files without an ending" in caplog.text


def test_one_class_only(tmp_path: Path) -> None:
    make(tmp_path, cat=5)
    with pytest.raises(ImageFolderError, match=r"at least two classes with images \(got only 'cat'\)"):
        dataset_card_from_folder(tmp_path)


def test_one_class_and_an_empty_one(tmp_path: Path) -> None:
    make(tmp_path, cat=5, dog=0)
    with pytest.raises(ImageFolderError, match=r"\(got only 'cat'; no images in 'dog'\)"):
        dataset_card_from_folder(tmp_path)


def test_two_spellings_of_one_class(tmp_path: Path) -> None:
    make(tmp_path, **{"flying_saucer": 1, "flying saucer": 1})
    with pytest.raises(ImageFolderError, match=r"'flying saucer' and 'flying_saucer', both read as 'flying saucer'"):
        dataset_card_from_folder(tmp_path)


@pytest.mark.parametrize("name", ["cat\x07", "cat\x1b[31m", "gpj.\u202ecat"])
def test_names_that_speak_to_the_terminal_are_refused_and_shown_escaped(tmp_path: Path, name: str) -> None:
    make(tmp_path, **{name: 1, "dog": 1})
    with pytest.raises(ImageFolderError, match="name of a class must be one that a terminal can show") as caught:
        dataset_card_from_folder(tmp_path)
    assert ascii(name)[1:-1] in str(caught.value)
    make(tmp_path / name, cat=1, dog=1)
    with pytest.raises(ImageFolderError, match="name of a folder must be"):
        dataset_card_from_folder(tmp_path / name)


def test_a_name_that_no_card_can_have(tmp_path: Path) -> None:
    make(tmp_path, cat=1, dog=1)
    with pytest.raises(ImageFolderError, match="must give a valid card"):
        dataset_card_from_folder(tmp_path, id="x" * 400)


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(path: object) -> None:
        raise PermissionError(13, "Permission denied")

    make(tmp_path, cat=1, dog=1)
    monkeypatch.setattr(os, "scandir", deny)
    with pytest.raises(ImageFolderError, match=r"must be readable \(got Permission denied\)"):
        dataset_card_from_folder(tmp_path)


def test_classes_that_differ_in_the_form_of_a_sign_alone_are_refused(tmp_path: Path) -> None:
    make(tmp_path, **{unicodedata.normalize(form, "café"): 1 for form in ("NFC", "NFD")})
    with pytest.raises(ImageFolderError, match=r"distinct names .* both read as 'café'"):
        dataset_card_from_folder(tmp_path)


def test_classes_that_differ_in_a_sign_that_nobody_sees_are_refused(tmp_path: Path) -> None:
    make(tmp_path / "joined", **{"cat": 1, "cat\u200d": 1, "dog": 1})
    with pytest.raises(ImageFolderError, match="must have distinct names"):
        dataset_card_from_folder(tmp_path / "joined")
    make(tmp_path / "space", **{"cat": 1, "cat\u200b": 1})
    with pytest.raises(ImageFolderError, match=r"one that a terminal can show \(got 'cat\\u200b'"):
        dataset_card_from_folder(tmp_path / "space")
