"""Folders of text files and of tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from zoograph.data.tasks.splits import Split
from zoograph.data.texts.errors import TextTaskError
from zoograph.data.texts.folder import find_tables, group_tables, holds_text_files, read_text_files


def _write(root: Path, **files: str | bytes) -> Path:
    """Write files; ``pos__1`` is ``pos/1.txt``."""
    for name, content in files.items():
        path = root / f"{name.replace('__', '/')}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def test_a_sub_folder_is_a_class(tmp_path: Path) -> None:
    folder = _write(tmp_path, pos__1="good", neg__1="bad", neg__deep__2="worse", readme="no class")
    assert holds_text_files(folder)
    (rows,) = read_text_files(folder).values()
    assert rows.texts == ["bad", "worse", "good"]
    assert rows.labels == ["neg", "neg", "pos"]
    assert rows.names == ["neg/1.txt", "neg/deep/2.txt", "pos/1.txt"]


def test_splits_hold_classes(tmp_path: Path) -> None:
    folder = _write(
        tmp_path, train__pos__1="a", train__neg__1="b", train__unsup__1="c", test__pos__1="d", train__loose="e"
    )
    splits = read_text_files(folder)
    assert splits[Split.TRAIN].labels == ["neg", "pos", None]
    assert splits[Split.TEST].texts == ["d"]


def test_an_image_makes_it_a_folder_of_images(tmp_path: Path) -> None:
    folder = _write(tmp_path, pos__1="good", neg__1="bad")
    Image.new("RGB", (2, 2)).save(folder / "pos" / "1.png")
    (folder / "labels.csv").write_text("a,b\n1,2\n")
    assert not holds_text_files(folder)
    assert find_tables(folder) == []


def test_other_encodings_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read_text_files(_write(tmp_path, pos__1="café".encode("cp1252"), neg__1="bad"))
    assert "1 files of" in caplog.text
    assert "read as Windows-1252" in caplog.text
    with pytest.raises(TextTaskError, match="must be a file in UTF-8"):
        read_text_files(_write(tmp_path, pos__1=b"\x00\xff"))


def test_tables_are_called_after_splits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "data").mkdir()
    for name in ("train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001", "notes"):
        (tmp_path / "data" / f"{name}.csv").touch()
    groups = group_tables(tmp_path, find_tables(tmp_path))
    assert {split: len(paths) for split, paths in groups.items()} == {Split.TRAIN: 2, Split.TEST: 1}
    assert "called after no split are left out: notes.csv" in caplog.text
    with pytest.raises(TextTaskError, match=r"called after the training split.* \(got 'a.csv', 'b.csv'\)"):
        group_tables(tmp_path, [Path("a.csv"), Path("b.csv")])
