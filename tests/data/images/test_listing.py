"""Which files of a folder are images of it: links, circles, and what is neither file nor folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zoograph.data.errors import ImageFolderError
from zoograph.data.images.listing import following_links, image_suffixes, list_tree


def _make(root: Path, **classes: int) -> Path:
    for name, number in classes.items():
        (root / name).mkdir(parents=True)
        for row in range(number):
            (root / name / f"{row}.jpg").touch()
    return root


def test_links_are_followed_inside_and_on_request_outside(tmp_path: Path) -> None:
    outside = _make(tmp_path / "outside", birds=4)
    root = _make(tmp_path / "root", cat=1, dog=1)
    (root / "cat" / "linked.jpg").symlink_to(outside / "birds" / "0.jpg")
    (root / "birds").symlink_to(outside / "birds", target_is_directory=True)
    (root / "kitten").symlink_to("cat", target_is_directory=True)
    (root / "dog" / "more").symlink_to("../cat", target_is_directory=True)
    tree = list_tree(root)
    assert tree.files == {"cat": ("0.jpg",), "dog": ("0.jpg", "more/0.jpg"), "kitten": ("0.jpg",)}
    assert sorted(tree.left_out.outside) == ["birds", "cat/linked.jpg", "dog/more/linked.jpg", "kitten/linked.jpg"]
    assert "4 links that lead out of it, followed with --follow-links" in tree.left_out.describe()[0]
    with following_links():
        tree = list_tree(root)
    assert tree.files["birds"] == ("0.jpg", "1.jpg", "2.jpg", "3.jpg")
    assert tree.files["cat"] == ("0.jpg", "linked.jpg")
    assert tree.left_out.describe() == []


@pytest.mark.timeout(10)
@pytest.mark.parametrize("follows", [False, True])
def test_circles_are_left_out(tmp_path: Path, follows: bool) -> None:
    root = _make(tmp_path / "root", a=1, b=1)
    for link, target in {
        "loop": ".",
        "self": "self",
        "a/up": "..",
        "a/far": "../..",
        "a/there": "../b",
        "b/back": "../a",
        "b/broken": "nowhere",
    }.items():
        (root / link).symlink_to(target)
    with following_links(follows):
        tree = list_tree(root)
    assert tree.files["a"] == ("0.jpg", "there/0.jpg")
    assert tree.files["b"] == ("0.jpg", "back/0.jpg")
    assert {"loop", "self", "a/up", "b/broken", "a/there/back"} <= set(tree.left_out.nowhere)


@pytest.mark.timeout(20)
def test_links_between_many_folders_are_no_maze(tmp_path: Path) -> None:
    root = _make(tmp_path, **{f"f{row}": 1 for row in range(30)})
    for row in range(29):
        for link in ("one", "two"):
            (root / f"f{row}" / link).symlink_to(f"../f{row + 1}", target_is_directory=True)
    assert len(list_tree(root).files["f0"]) == 30


def test_what_is_neither_file_nor_folder(tmp_path: Path) -> None:
    root = _make(tmp_path, cat=1, dog=1)
    os.mkfifo(root / "cat" / "pipe.jpg")
    tree = list_tree(root)
    assert tree.files["cat"] == ("0.jpg",)
    assert tree.left_out.describe() == ["1 that are neither file nor folder ('cat/pipe.jpg')"]


def test_only_files_of_classes_are_a_loss(tmp_path: Path) -> None:
    root = _make(tmp_path, cat=1, dog=1)
    for name in ("README.md", "loose.HEIC", "cat/Thumbs.db", "cat/.DS_Store", "cat/a.xml", "dog/b.XML"):
        (root / name).touch()
    assert dict(list_tree(root).left_out.endings) == {".heic": 1, ".xml": 2}


def test_a_folder_that_is_a_link_itself(tmp_path: Path) -> None:
    _make(tmp_path / "real", cat=1, dog=1)
    (tmp_path / "link").symlink_to("real")
    assert list(list_tree(tmp_path / "link").files) == ["cat", "dog"]


def test_an_inner_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, scandir = _make(tmp_path, cat=1, dog=1), os.scandir

    def deny(path: Path) -> object:
        if path.name == "dog":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", deny)
    with pytest.raises(ImageFolderError, match=r"dog' must be readable \(got Permission denied\)"):
        list_tree(root)


def test_a_card_is_told_from_other_files(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("num_classes: 3")
    (tmp_path / "mine.md").write_text("")
    with pytest.raises(ImageFolderError, match=r"\(got a file\)\. A card has no images: 'predict' and 'recommend'"):
        list_tree(tmp_path / "mine.yaml")
    for name in ("mine.md", "nowhere.yaml"):
        with pytest.raises(ImageFolderError, match="Check the path"):
            list_tree(tmp_path / name)


def test_suffixes_are_those_of_pictures() -> None:
    assert {".jpg", ".png", ".tiff", ".webp"} < image_suffixes()
    assert not {".h5", ".mpg", ".txt"} & image_suffixes()


def test_suffixes_are_of_what_pillow_shows_without_another_program() -> None:
    assert {".jpg", ".mpo", ".avif", ".tiff"} <= image_suffixes()
    assert not {".eps", ".wmf", ".mpg", ".pdf", ".svg"} & image_suffixes()
