"""Files that commands write: looked at before the work, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zoograph.data.errors import ZoographError
from zoograph.scripts.terminal.files import require_place, write_file, write_into


def test_a_place_is_looked_at_before_the_work(tmp_path: Path) -> None:
    require_place(tmp_path / "new.png", "--out")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ZoographError, match=r"cannot be written \(Is a directory\)\. Choose another place with --out"):
        require_place(tmp_path, "--out")
    with pytest.raises(ZoographError, match=r"cannot be written \(No such file or directory\).*--picture"):
        require_place(tmp_path / "nowhere" / "new.png", "--picture")
    with pytest.raises(ZoographError, match=r"A picture is a PNG file \(got '.*new.JPG'\)\. Let its name end with"):
        require_place(tmp_path / "new.JPG", "--picture")


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", Path("/dev/null"), Path("/dev/stdout")):
        if place.exists():
            with pytest.raises(ZoographError, match=r"it would be replaced, and is no regular file.*with --out"):
                require_place(place, "--out")


def test_a_file_replaces_the_old_one(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"old")
    write_file(tmp_path / "a", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "new")]
    with pytest.raises(ZoographError, match=r"cannot be written \(No such file or directory\)"):
        write_file(tmp_path / "nowhere" / "a", "")


def test_files_of_a_folder_that_is_made(tmp_path: Path) -> None:
    write_into(tmp_path / "new" / "deeper", {"a.json": "{}", "b.png": b"png"})
    assert sorted(path.name for path in (tmp_path / "new" / "deeper").iterdir()) == ["a.json", "b.png"]
    (tmp_path / "file").write_text("")
    with pytest.raises(ZoographError, match="cannot be written"):
        write_into(tmp_path / "file", {"a.json": "{}"})
