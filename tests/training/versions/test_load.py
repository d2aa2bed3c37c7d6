"""Loading: a predictor is never read after somebody changed it."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from zoograph.data.errors import PredictorError
from zoograph.training.versions.artifact import (
    MANIFEST,
    POINTER,
    PREDICTIONS,
    WEIGHTS,
    Artifact,
    Manifest,
    UnreadablePredictor,
)
from zoograph.training.versions.load import load_current

Make = Callable[..., Manifest]


def test_what_was_saved_is_the_current_one(files: dict[str, bytes], saved: Artifact, root: Path) -> None:
    current = load_current(root)
    assert current == saved
    assert current.manifest.files == {name: hashlib.sha256(raw).hexdigest() for name, raw in files.items()}
    assert sorted(path.name for path in root.iterdir()) == [saved.manifest.version, POINTER]


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


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.EMFILE])
def test_what_cannot_be_read_is_not_said_to_be_damaged(
    tmp_path: Path, save_toy: Callable[..., Artifact], monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    save_toy(tmp_path / "head-default")

    def refuse(self: Path) -> bytes:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(UnreadablePredictor, match=rf"cannot be read \({os.strerror(code)}\)"):
        load_current(tmp_path / "head-default")
