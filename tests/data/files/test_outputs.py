"""Outputs: what is read is never written over, whatever it is called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zoograph.data.errors import ZoographError
from zoograph.data.files.outputs import require_no_input


@pytest.mark.parametrize("kind", ["itself", "hard link", "symbolic link", "relative"])
def test_an_input_is_told_by_its_inode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    source, output = tmp_path / "runs.csv", tmp_path / "out.csv"
    source.write_text("model")
    monkeypatch.chdir(tmp_path)
    if kind == "hard link":
        os.link(source, output)
    elif kind == "symbolic link":
        output.symlink_to(source)
    else:
        output = source if kind == "itself" else Path("sub/../runs.csv")
        (tmp_path / "sub").mkdir()
    with pytest.raises(ZoographError, match=r"is what is read, and would be replaced. Choose another file with --out"):
        require_no_input(output, [tmp_path / "none", source], "--out")


def test_a_file_in_a_folder_that_is_read_is_an_input(tmp_path: Path) -> None:
    (tmp_path / "read" / "deep").mkdir(parents=True)
    (tmp_path / "read" / "deep" / "a.json").write_text("{}")
    with pytest.raises(ZoographError, match=r"lies in '.*read', which is read"):
        require_no_input(tmp_path / "read" / "deep" / "a.json", [tmp_path / "read"], "--out")


def test_what_is_new_or_another_file_may_be_written(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").write_text("x")
    require_no_input(tmp_path / "a", [tmp_path / "b", tmp_path / "none"], "--out")
    require_no_input(tmp_path / "new", [tmp_path], "--out")
