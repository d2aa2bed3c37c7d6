"""Saving: whole or not at all, and one atomic switch."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from zoograph.data.errors import PredictorError
from zoograph.training.versions.artifact import POINTER, WEIGHTS, Artifact, Manifest
from zoograph.training.versions.load import load_current
from zoograph.training.versions.save import new_version, save_artifact, set_aside

Make = Callable[..., Manifest]


def _bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_predictor_takes_the_place_of_the_first(
    files: dict[str, bytes], saved: Artifact, root: Path, make_manifest: Make
) -> None:
    second = save_artifact(root, make_manifest(version="20250101T000000Z-toy"), files)
    assert load_current(root) == second
    assert saved.folder.exists()


def test_versions_sort_by_time() -> None:
    one, two = (new_version(datetime(2024, 1, day, tzinfo=UTC)) for day in (1, 2))
    assert one.startswith("20240101T000000Z-")
    assert one < two


def test_setting_aside_keeps_every_file(saved: Artifact, root: Path) -> None:
    before = _bytes_of(root)
    aside = set_aside(root)
    assert aside is not None
    assert aside.name.startswith("head-toy.damaged-")
    assert _bytes_of(aside) == before
    assert load_current(root) is None
    assert set_aside(root) is None  # as if another process had moved it


def test_what_cannot_be_moved_aside_stays(saved: Artifact, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PredictorError, match=r"cannot be moved aside \(Read-only file system\)"):
        set_aside(root)
    assert load_current(root) == saved


# Saving makes one folder, opens five files to write, and moves one folder and one file.
STEPS = [("mkdir", 1), *(("open", k) for k in range(1, 6)), *(("fsync", k) for k in range(1, 6))]
STEPS += [("rename", 1), ("replace", 1)]


def _fail_at(monkeypatch: pytest.MonkeyPatch, name: str, count: int, error: BaseException) -> None:
    owner = os if name == "fsync" else Path
    real = getattr(owner, name)
    calls = 0

    def fail(*args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += name != "open" or "wb" in args  # what is only read is not counted
        if calls == count:
            raise error
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, fail)


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC])
@pytest.mark.parametrize(("name", "count"), STEPS)
def test_a_refused_write_leaves_the_old_predictor_and_nothing_else(
    files: dict[str, bytes],
    saved: Artifact,
    root: Path,
    make_manifest: Make,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    count: int,
    code: int,
) -> None:
    before = _bytes_of(root)
    with monkeypatch.context() as patch:
        _fail_at(patch, name, count, OSError(code, os.strerror(code)))
        with pytest.raises(PredictorError, match=rf"could not be saved in .* \({os.strerror(code)}\)"):
            save_artifact(root, make_manifest(version="20250101T000000Z-toy"), files)
    assert _bytes_of(root) == before
    assert {path.name for path in root.iterdir()} == {saved.manifest.version, POINTER}
    assert load_current(root) == saved


@pytest.mark.parametrize(("name", "count"), [("fsync", 2), ("rename", 1), ("replace", 1)])
def test_an_interrupted_save_leaves_nothing(
    files: dict[str, bytes], root: Path, make_manifest: Make, monkeypatch: pytest.MonkeyPatch, name: str, count: int
) -> None:
    with monkeypatch.context() as patch:
        _fail_at(patch, name, count, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            save_artifact(root, make_manifest(), files)
    assert list(root.iterdir()) == []
    assert load_current(root) is None


def test_a_version_is_never_overwritten(saved: Artifact, root: Path, make_manifest: Make) -> None:
    with pytest.raises(PredictorError, match="could not be saved"):
        save_artifact(root, make_manifest(), {WEIGHTS: b"other"})
    assert load_current(root) == saved


def test_many_can_save_while_others_read(files: dict[str, bytes], root: Path, make_manifest: Make) -> None:
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                save_artifact(root, make_manifest(version=f"2024-{number}-{turn}"), files)
                assert load_current(root) is not None
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len([path for path in root.iterdir() if path.is_dir()]) == 20
