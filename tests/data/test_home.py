"""The home: where it is, and what is said when it cannot be."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import platformdirs
import pytest

from zoograph.data.errors import StoreError
from zoograph.data.home import get_home, make_home, require_writable


def test_the_variable_chooses_the_home(home: Path) -> None:
    assert get_home() == home
    assert not home.exists()  # asking makes nothing


def test_no_variable_or_an_empty_one_means_the_users_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = Path(platformdirs.user_data_path("zoograph"))
    monkeypatch.setenv("ZOOGRAPH_HOME", "")
    assert get_home() == expected
    monkeypatch.delenv("ZOOGRAPH_HOME")
    assert get_home() == expected


def test_a_tilde_is_the_users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ZOOGRAPH_HOME", "~/state")
    assert get_home() == tmp_path / "state"
    monkeypatch.setenv("ZOOGRAPH_HOME", "~nobody-of-this-name/state")
    with pytest.raises(StoreError, match=r"'~nobody-of-this-name/state' cannot be found.*Set ZOOGRAPH_HOME"):
        get_home()


def test_make_home_makes_it_once(home: Path) -> None:
    assert make_home() == home
    assert make_home() == home
    require_writable(home)
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("inside", ["", "deeper"])
def test_a_file_in_the_way_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str) -> None:
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("ZOOGRAPH_HOME", str(tmp_path / "file" / inside))
    with pytest.raises(StoreError, match=r"file.* cannot be made \((File exists|Not a directory)\)"):
        make_home()
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_nobody_can_write_to() -> None:
    with pytest.raises(StoreError, match=r"The state folder '/proc' is not writable .*set ZOOGRAPH_HOME"):
        require_writable(Path("/proc"))


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_a_refused_write_leaves_no_probe(home: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    make_home()
    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(StoreError, match=rf"is not writable \({os.strerror(code)}\)"):
        require_writable(home)
    assert list(home.iterdir()) == []
