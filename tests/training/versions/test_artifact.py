"""Predictors on disk: whole or not at all, and never read after somebody changed them."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from zoograph.data.errors import PredictorError
from zoograph.training.versions import artifact as artifact_module
from zoograph.training.versions.artifact import COLUMNS, MANIFEST, POINTER, PREDICTIONS, WEIGHTS, Artifact, Manifest
from zoograph.training.versions.load import load_current
from zoograph.training.versions.save import new_version, save_artifact, set_aside

Make = Callable[..., Manifest]
# The value of (model i, dataset j) in column k is k + i / 10 + j / 100.
TABLE = np.arange(2, dtype=np.float32)[:, None] / 10 + np.arange(3, dtype=np.float32) / 100
FILES = {
    WEIGHTS: save({"w": np.zeros(2, np.float32)}),
    PREDICTIONS: save({name: TABLE + k for k, name in enumerate(COLUMNS)}),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "predictors" / "head-toy"


@pytest.fixture
def saved(root: Path, make_manifest: Make) -> Artifact:
    return save_artifact(root, make_manifest(), FILES)


def _bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_was_saved_is_the_current_one(saved: Artifact, root: Path) -> None:
    current = load_current(root)
    assert current == saved
    assert current.manifest.files == {name: hashlib.sha256(raw).hexdigest() for name, raw in FILES.items()}
    assert sorted(path.name for path in root.iterdir()) == [saved.manifest.version, POINTER]


def test_rows_are_the_columns_of_a_model_on_datasets(saved: Artifact) -> None:
    both = saved.rows("vit", ["pets", "birds_1"])
    assert both is not None
    assert both[0] == pytest.approx({"mean": 0.12, "lower": 1.12, "upper": 2.12, "baseline": 3.12}, abs=1e-6)
    assert both[1] == pytest.approx({"mean": 0.1, "lower": 1.1, "upper": 2.1, "baseline": 3.1}, abs=1e-6)
    assert saved.rows("vit", ["pets", "nothing"]) is None
    assert saved.rows("nobody", ["pets"]) is None


def test_the_table_is_read_once_for_all_tasks(saved: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    whole = artifact_module.read_tensor_file
    monkeypatch.setattr(artifact_module, "read_tensor_file", lambda path: [read.append(path), whole(path)][1])
    saved.rows("vit", ["birds_1", "birds_2", "pets"])
    assert [path.name for path in read] == [PREDICTIONS]


def test_a_second_predictor_takes_the_place_of_the_first(saved: Artifact, root: Path, make_manifest: Make) -> None:
    second = save_artifact(root, make_manifest(version="20250101T000000Z-toy"), FILES)
    assert load_current(root) == second
    assert saved.folder.exists()


def test_versions_sort_by_time() -> None:
    one, two = (new_version(datetime(2024, 1, day, tzinfo=UTC)) for day in (1, 2))
    assert one.startswith("20240101T000000Z-")
    assert one < two


# -- damage ---------------------------------------------------------------------------------------


def _files(saved: Artifact, root: Path) -> list[Path]:
    return [root / POINTER, *(saved.folder / name for name in (MANIFEST, WEIGHTS, PREDICTIONS))]


@pytest.mark.parametrize("which", range(4))
def test_every_changed_byte_is_noticed(saved: Artifact, root: Path, which: int) -> None:
    path = _files(saved, root)[which]
    whole = path.read_bytes()
    for offset in range(len(whole)):
        for bits in (0x01, 0x20, 0x80):
            path.write_bytes(whole[:offset] + bytes([whole[offset] ^ bits]) + whole[offset + 1 :])
            with pytest.raises(PredictorError, match="is damaged: "):
                load_current(root)


@pytest.mark.parametrize("which", range(4))
def test_every_cut_and_every_addition_is_noticed(saved: Artifact, root: Path, which: int) -> None:
    path = _files(saved, root)[which]
    whole = path.read_bytes()
    for raw in (*(whole[:length] for length in range(len(whole))), whole + b"\0", whole + whole):
        path.write_bytes(raw)
        with pytest.raises(PredictorError, match="is damaged: "):
            load_current(root)


@pytest.mark.parametrize("which", range(5))
def test_a_missing_file_is_noticed(saved: Artifact, root: Path, which: int) -> None:
    [*_files(saved, root), saved.folder][which].rename(root.parent / "elsewhere")
    with pytest.raises(PredictorError, match=r"head-toy' is damaged: .*(No such file|'current.json' is missing)"):
        load_current(root)


def test_a_file_in_the_place_of_the_folder_is_noticed(root: Path) -> None:
    assert load_current(root) is None  # nothing is no damage
    root.parent.mkdir()
    root.write_text("mine")
    with pytest.raises(PredictorError, match=r"is damaged: .*Not a directory"):
        load_current(root)


@pytest.mark.parametrize("version", ["..", ".", "../elsewhere", "/etc", "\\u0000", ""])
def test_a_pointer_leads_nowhere_else(saved: Artifact, root: Path, version: str) -> None:
    text = (root / POINTER).read_text().replace(saved.manifest.version, version)
    (root / POINTER).write_text(text)
    with pytest.raises(PredictorError, match="is damaged: "):
        load_current(root)


@pytest.mark.parametrize("change", [{"format": 3}, {"format": 1}, {"new_field": 1}, {"models": None}])
def test_another_version_is_called_so(saved: Artifact, root: Path, change: dict[str, object]) -> None:
    content = {**json.loads((saved.folder / MANIFEST).read_text()), **change}
    text = json.dumps(content).encode()
    (saved.folder / MANIFEST).write_bytes(text)
    pointer = {"version": saved.manifest.version, "manifest": hashlib.sha256(text).hexdigest()}
    (root / POINTER).write_text(json.dumps(pointer))
    with pytest.raises(PredictorError, match=r"head-toy' was written by another version\.$"):
        load_current(root)


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


# -- faults while saving --------------------------------------------------------------------------

# Saving makes one folder, writes five files, and moves one folder and one file.
STEPS = [("mkdir", 1), *(("open", k) for k in range(1, 6)), *(("fsync", k) for k in range(1, 6))]
STEPS += [("rename", 1), ("replace", 1)]


def _fail_at(monkeypatch: pytest.MonkeyPatch, name: str, count: int, error: BaseException) -> None:
    owner = os if name == "fsync" else Path
    real = getattr(owner, name)
    calls = 0

    def fail(*args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls == count:
            raise error
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, fail)


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC])
@pytest.mark.parametrize(("name", "count"), STEPS)
def test_a_refused_write_leaves_the_old_predictor_and_nothing_else(
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
            save_artifact(root, make_manifest(version="20250101T000000Z-toy"), FILES)
    assert _bytes_of(root) == before
    assert {path.name for path in root.iterdir()} == {saved.manifest.version, POINTER}
    assert load_current(root) == saved


@pytest.mark.parametrize(("name", "count"), [("fsync", 2), ("rename", 1), ("replace", 1)])
def test_an_interrupted_save_leaves_nothing(
    root: Path, make_manifest: Make, monkeypatch: pytest.MonkeyPatch, name: str, count: int
) -> None:
    with monkeypatch.context() as patch:
        _fail_at(patch, name, count, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            save_artifact(root, make_manifest(), FILES)
    assert list(root.iterdir()) == []
    assert load_current(root) is None


def test_a_version_is_never_overwritten(saved: Artifact, root: Path, make_manifest: Make) -> None:
    with pytest.raises(PredictorError, match="could not be saved"):
        save_artifact(root, make_manifest(), {WEIGHTS: b"other"})
    assert load_current(root) == saved


def test_many_can_save_while_others_read(root: Path, make_manifest: Make) -> None:
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                save_artifact(root, make_manifest(version=f"2024-{number}-{turn}"), FILES)
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
