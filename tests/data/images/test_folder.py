from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from zoograph.data.errors import ImageFolderError
from zoograph.data.images.folder import count_images, dataset_card_from_folder


def make(root: Path, **classes: int | list[str]) -> Path:
    """Write empty files: a number of images, or the names given, for each class."""
    for name, files in classes.items():
        (root / name).mkdir(parents=True)
        for file in files if isinstance(files, list) else [f"{row}.jpg" for row in range(files)]:
            (root / name / file).touch()
    return root


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


def test_links(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    outside = make(tmp_path / "outside", birds=4)
    root = make(tmp_path / "root", cat=1, dog=1)
    (root / "cat" / "linked.jpg").symlink_to(outside / "birds" / "0.jpg")
    (root / "cat" / "broken.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (root / "birds").symlink_to(outside / "birds", target_is_directory=True)
    (root / "kitten").symlink_to(root / "cat", target_is_directory=True)
    (root / "loop").symlink_to(root, target_is_directory=True)
    with caplog.at_level(logging.WARNING):
        assert count_images(root) == {"cat": 2, "dog": 1, "kitten": 2}
    assert "birds' leads out of the dataset" in caplog.text


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
        assert count_images(tmp_path) == {"cat": 1, "dog": 1}
    assert "1 images in" in caplog.text
    assert "Folders inside the classes" in caplog.text


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
    with pytest.raises(ImageFolderError, match=r"must hold images \(got none in 'cat', 'dog'\). Check"):
        dataset_card_from_folder(tmp_path)


def test_a_folder_of_splits(tmp_path: Path) -> None:
    make(tmp_path / "train", cat=1, dog=1)
    make(tmp_path / "val", cat=1, dog=1)
    with pytest.raises(ImageFolderError, match=r"give one of them instead, such as '.*train'"):
        dataset_card_from_folder(tmp_path)


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


def test_a_name_that_no_card_can_have(tmp_path: Path) -> None:
    make(tmp_path, **{"cat\x07": 1, "dog": 1})
    with pytest.raises(ImageFolderError, match="must give a valid card"):
        dataset_card_from_folder(tmp_path)


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(path: object) -> None:
        raise PermissionError(13, "Permission denied")

    make(tmp_path, cat=1, dog=1)
    monkeypatch.setattr(os, "scandir", deny)
    with pytest.raises(ImageFolderError, match=r"must be readable \(got Permission denied\)"):
        dataset_card_from_folder(tmp_path)
