"""Versions: which there are, which answers, and that a switch is a switch."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from zoograph.data.errors import PredictorError, UnknownName
from zoograph.training.versions.artifact import COLUMNS, MANIFEST, POINTER, PREDICTIONS, SEAL, Artifact, Manifest
from zoograph.training.versions.listing import list_versions, make_current
from zoograph.training.versions.load import load_current
from zoograph.training.versions.pruning import prune
from zoograph.training.versions.save import save_artifact
from zoograph.training.versions.verdict import Verdict

Make = Callable[..., Manifest]
START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "head-toy"


@pytest.fixture
def save_number(root: Path, make_manifest: Make) -> Callable[..., Artifact]:
    """A callable that saves version k of a history, promoted or kept aside."""

    def save_one(number: int, promoted: bool = True, **options: object) -> Artifact:
        manifest = make_manifest(
            version=f"v{number}", created_at=START + timedelta(hours=number), verdict=Verdict(promoted=promoted)
        )
        return save_artifact(root, manifest, {PREDICTIONS: b"table"}, **options)  # type: ignore[arg-type]

    return save_one


def test_versions_are_listed_by_age_with_the_one_that_answers(save_number: Callable[..., Artifact], root: Path) -> None:
    for number, promoted in enumerate((True, True, False)):
        save_number(number, promoted)
    found = list_versions(root)
    assert [manifest.version for manifest in found.readable] == ["v0", "v1", "v2"]
    assert (found.current, found.before_current, found.damaged) == ("v1", "v0", ())


def test_a_clock_that_was_set_back_changes_no_order(root: Path, make_manifest: Make) -> None:
    days = {"20240301-a": 60, "20240101-b": 0, "20231201-c": -31, "20231101-d": -61}
    for version, day in days.items():
        promoted = version != "20231201-c"
        manifest = make_manifest(version=version, created_at=START + timedelta(days=day))
        verdict = Verdict(promoted=promoted, parent="20240101-b" if day < 0 else None)
        save_artifact(root, manifest.model_copy(update={"verdict": verdict}), {PREDICTIONS: b"table"})
    found = list_versions(root)
    assert [manifest.version for manifest in found.readable] == list(days)
    assert [manifest.number for manifest in found.readable] == [1, 2, 3, 4]
    assert (found.current, found.before_current) == ("20231101-d", "20240101-b")
    make_current(root, "20240101-b")
    assert list_versions(root).before_current == "20240301-a"
    assert prune(root, 1, dry_run=True).kept == 4  # all of them are minutes old


def test_a_version_that_was_not_promoted_changes_nothing_that_answers(
    save_number: Callable[..., Artifact], root: Path
) -> None:
    first = save_number(0)
    save_number(1, promoted=False)
    assert load_current(root) == first


def test_rolling_back_twice_and_forward_again(save_number: Callable[..., Artifact], root: Path) -> None:
    saved = [save_number(number, promoted=number != 1) for number in range(4)]
    for expected in ("v2", "v0"):
        before = list_versions(root).before_current
        assert before == expected
        make_current(root, before)
    assert list_versions(root).before_current is None
    assert make_current(root, "v1") == saved[1] == load_current(root)
    assert sorted(path.name for path in root.iterdir()) == ["current.json", "v0", "v1", "v2", "v3"]


def test_no_folder_has_no_versions(root: Path) -> None:
    assert list_versions(root) == list_versions(root.parent / "nothing")
    assert list_versions(root).current is None


@pytest.mark.parametrize("name", ["v9", "..", ".", "", "v0/../v0", "/etc", "current.json"])
def test_an_unknown_version_names_the_nearest(save_number: Callable[..., Artifact], root: Path, name: str) -> None:
    first = save_number(0)
    with pytest.raises(UnknownName, match=r"Unknown version '.*Nearest names: v0"):
        make_current(root, name)
    assert load_current(root) == first


@pytest.mark.parametrize("name", [SEAL, MANIFEST, PREDICTIONS])
def test_every_changed_byte_of_an_old_version_keeps_it_from_answering(
    save_number: Callable[..., Artifact], root: Path, name: str
) -> None:
    save_number(0)
    second = save_number(1)
    path = root / "v0" / name
    whole = path.read_bytes()
    for raw in (
        *(whole[:at] + bytes([whole[at] ^ 0x01]) + whole[at + 1 :] for at in range(0, len(whole), 5)),
        *(whole[:length] for length in range(0, len(whole), 21)),
    ):
        path.write_bytes(raw)
        with pytest.raises(PredictorError, match="is damaged"):
            make_current(root, "v0")
        if name != PREDICTIONS:
            assert list_versions(root).damaged == ("v0",)
    assert load_current(root) == second


def test_the_seal_of_another_version_is_no_seal(save_number: Callable[..., Artifact], root: Path) -> None:
    save_number(0)
    save_number(1)
    (root / "v0" / SEAL).write_bytes((root / "v1" / SEAL).read_bytes())
    with pytest.raises(PredictorError, match="is damaged"):
        make_current(root, "v0")


def test_one_that_was_overtaken_stays_beside(save_number: Callable[..., Artifact], root: Path) -> None:
    save_number(0)
    second = save_number(1, expected="v0")
    third = save_number(2, expected="v0").manifest.verdict
    assert (third.promoted, third.parent, third.num_cells) == (False, "v1", 0)
    assert third.reason == "'v1' came into use while this one was trained, and the two were not compared."
    assert load_current(root) == second
    make_current(root, "v2")
    assert list_versions(root).before_current == "v1"
    assert [manifest.version for manifest in list_versions(root).readable] == ["v0", "v1", "v2"]
    assert not [path for path in root.iterdir() if path.name.startswith(".")]


def test_a_switch_that_cannot_be_written_changes_nothing(
    save_number: Callable[..., Artifact], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_number(0)
    second = save_number(1)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        with pytest.raises(PredictorError, match=r"switch to 'v0' could not be written .*No space left"):
            make_current(root, "v0")
    assert load_current(root) == second
    assert sorted(path.name for path in root.iterdir()) == [POINTER, "v0", "v1"]


# -- a switch is a switch ---------------------------------------------------------------------------


def test_a_thousand_answers_during_twenty_promotions_are_each_of_one_version(root: Path, make_manifest: Make) -> None:
    """Version k says k / 100 of every pair, in its table and in the number of its records."""

    def promote(number: int) -> None:
        tables = {name: np.full((2, 3), number / 100) for name in COLUMNS}
        save_artifact(root, make_manifest(version=f"v{number}", num_records=number), {PREDICTIONS: save(tables)})

    promote(1)
    seen: list[tuple[str, int, float]] = []
    failures: list[Exception] = []
    promoted = threading.Event()

    def ask() -> None:
        own = 0
        try:
            while own < 250 or not promoted.is_set():
                artifact = load_current(root)
                assert artifact is not None
                rows = artifact.rows("vit", ["birds_1"])
                assert rows is not None
                seen.append((artifact.manifest.version, artifact.manifest.num_records, rows[0]["mean"]))
                own += 1
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for number in range(2, 22):
        promote(number)
    promoted.set()
    for asker in askers:
        asker.join()
    assert failures == []
    assert len(seen) >= 1000
    assert len({version for version, _, _ in seen}) > 10
    assert all(version == f"v{records}" and mean == pytest.approx(records / 100) for version, records, mean in seen)


def test_the_seal_is_what_the_pointer_says(save_number: Callable[..., Artifact], root: Path) -> None:
    save_number(0)
    assert json.loads((root / POINTER).read_bytes()) == json.loads((root / "v0" / SEAL).read_bytes())
