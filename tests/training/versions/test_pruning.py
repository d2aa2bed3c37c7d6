"""Pruning: old versions go, and none that answers, that answered before, or that somebody may be reading."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from zoograph.data.errors import PredictorError, UnknownName
from zoograph.training.versions import listing as versions
from zoograph.training.versions import pruning
from zoograph.training.versions.artifact import COLUMNS, POINTER, PREDICTIONS, Manifest
from zoograph.training.versions.listing import list_versions, make_current
from zoograph.training.versions.load import load_current
from zoograph.training.versions.pruning import GRACE, prune
from zoograph.training.versions.save import save_artifact
from zoograph.training.versions.verdict import Verdict

Make = Callable[..., Manifest]
START = datetime(2024, 1, 1, tzinfo=UTC)


def _age(root: Path, *spared: str) -> None:
    """Let everything but the ``spared`` look as if it had been written long ago."""
    past = time.time() - GRACE - 1
    for folder in root.iterdir():
        if folder.name not in spared:
            os.utime(folder, (past, past))


@pytest.fixture
def root(tmp_path: Path, make_manifest: Make) -> Path:
    """Six versions, of which v1, v2 and v4 were kept aside; v5 answers, and v3 did before."""
    root = tmp_path / "head-toy"
    for number in range(6):
        verdict = Verdict(promoted=number not in (1, 2, 4))
        manifest = make_manifest(version=f"v{number}", created_at=START + timedelta(hours=number), verdict=verdict)
        save_artifact(root, manifest, {PREDICTIONS: b"table"})
    _age(root)
    return root


def _names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_the_newest_stay_and_what_rollback_needs(root: Path) -> None:
    size = sum(path.stat().st_size for name in ("v0", "v1", "v2") for path in (root / name).iterdir())
    planned = prune(root, 2, dry_run=True)
    assert _names(root) == [POINTER, *(f"v{number}" for number in range(6))]
    done = prune(root, 2)
    assert done == planned
    assert (done.removed, done.num_bytes, done.kept, done.recent) == (("v0", "v1", "v2"), size, 3, ())
    assert _names(root) == [POINTER, "v3", "v4", "v5"]
    assert list_versions(root).before_current == "v3"
    assert make_current(root, "v3") == load_current(root)
    assert prune(root, 1).removed == ("v4",)  # v3 answers and v5 is the newest


def test_the_one_that_answers_stays_however_old_it_is(root: Path) -> None:
    make_current(root, "v0")
    _age(root)
    assert prune(root, 1).removed == ("v1", "v2", "v3", "v4")
    assert _names(root) == [POINTER, "v0", "v5"]


def test_what_answered_a_moment_ago_stays_for_a_while(root: Path) -> None:
    make_current(root, "v4")
    make_current(root, "v0")
    done = prune(root, 1)
    assert (done.removed, done.recent) == (("v1", "v2", "v3"), ("v4",))
    _age(root)
    assert prune(root, 1).removed == ("v4",)


def test_a_new_version_lets_the_one_before_it_stay_for_a_while(root: Path, make_manifest: Make) -> None:
    for number in (6, 7):
        manifest = make_manifest(version=f"v{number}", created_at=START + timedelta(hours=number))
        save_artifact(root, manifest, {PREDICTIONS: b"table"})
    done = prune(root, 1)  # v7 answers, v6 did before, and somebody may still be reading v5
    assert (done.removed, done.recent) == (("v0", "v1", "v2", "v3", "v4"), ("v5",))


def test_a_rollback_at_the_very_moment_wins(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at its version before the removal does, or finds none; what answers is whole either way."""
    look = pruning.list_versions

    def look_and_be_overtaken(folder: Path) -> versions.Versions:
        found = look(folder)
        monkeypatch.setattr(pruning, "_is_recent", _first_no_then_as_it_is())
        make_current(root, "v1")
        return found

    def _first_no_then_as_it_is() -> Callable[[Path], bool]:
        real, asked = pruning._is_recent, set[str]()

        def is_recent(folder: Path) -> bool:
            name = folder.name.removeprefix(".pruned-")
            return real(folder) if name in asked else bool(asked.add(name))

        return is_recent

    monkeypatch.setattr(pruning, "list_versions", look_and_be_overtaken)
    assert prune(root, 1).removed == ("v0", "v2", "v4")
    current = load_current(root)
    assert current is not None
    assert current.manifest.version == "v1"
    with pytest.raises(UnknownName):
        make_current(root, "v0")


def test_another_process_may_prune_the_same_versions(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look = pruning.list_versions

    def look_and_be_overtaken(folder: Path) -> versions.Versions:
        found = look(folder)
        shutil.rmtree(root / "v0")
        return found

    size = sum(path.stat().st_size for name in ("v1", "v2") for path in (root / name).iterdir())
    monkeypatch.setattr(pruning, "list_versions", look_and_be_overtaken)
    done = prune(root, 2)
    assert (done.removed, done.num_bytes, done.kept) == (("v1", "v2"), size, 3)


def test_what_cannot_be_read_stays_and_no_pointer_spares_everything(root: Path) -> None:
    (root / "v1" / "manifest.json").write_bytes(b"{}")
    assert prune(root, 1).removed == ("v0", "v2", "v4")
    assert "v1" in _names(root)
    (root / POINTER).write_bytes(b"{}")
    assert prune(root, 1).removed == ()


def test_what_a_kill_left_is_removed_the_next_time(root: Path) -> None:
    (root / "v0").rename(root / ".pruned-v0")
    assert "v0" not in [manifest.version for manifest in list_versions(root).readable]
    assert load_current(root) is not None
    prune(root, 10)
    assert _names(root) == [POINTER, *(f"v{number}" for number in range(1, 6))]


def test_none_at_all_is_too_few(root: Path) -> None:
    with pytest.raises(ValueError, match="needs to be 1 or more"):
        prune(root, 0)
    assert prune(root / "nowhere", 1).kept == 0


def test_a_folder_that_refuses_says_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PredictorError, match=r"'v0' cannot be removed .*Permission denied.*Make it writable"):
        prune(root, 1)


def test_answers_while_versions_come_and_go_are_whole(tmp_path: Path, make_manifest: Make) -> None:
    """One asks, another promotes, and all but the newest are pruned after each promotion."""
    root = tmp_path / "head-busy"

    def promote(number: int) -> None:
        tables = {name: np.full((2, 3), number / 100) for name in COLUMNS}
        moment = START + timedelta(hours=number)
        manifest = make_manifest(version=f"v{number}", num_records=number, created_at=moment)
        save_artifact(root, manifest, {PREDICTIONS: save(tables)})

    promote(1)
    failures: list[Exception] = []
    over = threading.Event()

    def ask() -> None:
        try:
            while not over.is_set():
                artifact = load_current(root)
                assert artifact is not None
                time.sleep(0.005)  # time enough for two promotions and as many prunings
                rows = artifact.rows("vit", ["birds_1"])
                assert rows is not None
                assert rows[0]["mean"] == pytest.approx(artifact.manifest.num_records / 100)
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    asker = threading.Thread(target=ask)
    asker.start()
    removed: list[str] = []
    for number in range(2, 32):
        promote(number)
        if number == 16:
            _age(root, "v15", "v16")  # one of which the other is reading now
        removed += prune(root, 1).removed
    over.set()
    asker.join()
    assert failures == []
    assert removed == [f"v{number}" for number in range(1, 15)]
