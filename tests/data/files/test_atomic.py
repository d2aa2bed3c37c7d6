"""Atomic writes: the old file or the new one, its mode, and nothing left beside it."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from zoograph.data.files.atomic import (
    PRIVATE,
    discard,
    make_beside,
    put_in_place,
    replace_file,
    replacing,
    sweep,
    write_durably,
)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_text_and_bytes_replace_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    replace_file(path, "größe\n")
    assert path.read_bytes() == "größe\n".encode()
    replace_file(path, b"\x00\r\n")
    assert path.read_bytes() == b"\x00\r\n"
    assert _names(tmp_path) == ["file.txt"]


@pytest.mark.parametrize("sign", ["n", "\N{GRINNING FACE}"])
def test_the_longest_name_that_a_folder_takes_is_no_trouble(tmp_path: Path, sign: str) -> None:
    name = sign * (255 // len(sign.encode()))
    replace_file(tmp_path / name, "new")
    assert _names(tmp_path) == [name]


def test_everybody_may_read_unless_the_file_is_private(tmp_path: Path) -> None:
    replace_file(tmp_path / "public", "")
    replace_file(tmp_path / "private", "", mode=PRIVATE)
    assert (_mode(tmp_path / "public"), _mode(tmp_path / "private")) == (0o644, 0o600)


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_a_step_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    (tmp_path / "file").write_text("before")
    monkeypatch.setattr(os if step == "fsync" else Path, step, _no_space)
    with pytest.raises(OSError, match="No space left on device"):
        replace_file(tmp_path / "file", "after")
    assert _names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "before"


def test_the_old_file_is_there_until_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    with replacing(path) as temporary:
        temporary.write_text("after")
        assert path.read_text() == "before"
        assert temporary.parent == tmp_path
        assert _mode(temporary) == 0o600
    assert path.read_text() == "after"
    assert _names(tmp_path) == ["file"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_raises_changes_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "file").write_text("before")

    def write_half() -> None:
        with replacing(tmp_path / "file") as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        write_half()
    assert _names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "before"


def test_the_content_is_on_disk_before_the_name_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (steps.append(f"fsync {os.fstat(handle).st_size}"), sync(handle)))
    monkeypatch.setattr(Path, "replace", lambda *paths: (steps.append("replace"), replace(*paths)))
    replace_file(tmp_path / "file", b"12345")
    assert steps == ["fsync 5", "replace"]


def test_a_file_made_beside_another_is_put_in_its_place_later(tmp_path: Path) -> None:
    temporary = make_beside(tmp_path / "file")
    temporary.write_text("after")
    assert not (tmp_path / "file").exists()
    put_in_place(temporary, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "after"
    assert _names(tmp_path) == ["file"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        replace_file(tmp_path / "missing" / "file", "")


def test_a_durable_write_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_durably(tmp_path / "file", b"here")
    assert (tmp_path / "file").read_bytes() == b"here"
    monkeypatch.setattr(os, "fsync", _no_space)
    with pytest.raises(OSError, match="No space left on device"):
        write_durably(tmp_path / "other", b"not here")


_KILLED = """
import os, signal, sys
from pathlib import Path
from zoograph.data.files.atomic import make_beside
make_beside(Path(sys.argv[1]))
os.kill(os.getpid(), signal.SIGKILL)
"""


def _leave(path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", _KILLED, str(path)], check=False).returncode == -signal.SIGKILL


def test_what_a_killed_process_left_goes_with_the_next_write(tmp_path: Path) -> None:
    _leave(tmp_path / "runs.csv")
    _leave(tmp_path / "other.csv")
    (left,) = _names(tmp_path)
    assert (left.startswith(".other.csv."), left.endswith(".zoograph-part")) == (True, True)
    replace_file(tmp_path / "runs.csv", "all")
    assert _names(tmp_path) == ["runs.csv"]


def test_what_is_being_written_and_files_of_others_are_never_swept(tmp_path: Path) -> None:
    (tmp_path / ".runs.csv.part").write_text("kept")
    first, second = make_beside(tmp_path / "runs.csv"), make_beside(tmp_path / "runs.csv")
    sweep(tmp_path)
    first.write_text("1")
    put_in_place(first, tmp_path / "runs.csv")
    discard(second)
    assert _names(tmp_path) == [".runs.csv.part", "runs.csv"]
    sweep(tmp_path / "none")
