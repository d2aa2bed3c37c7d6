"""Shared files: what one machine computed is read by the others, and trouble with the shared folder stops nobody."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
import torch
from fsspec.implementations.local import LocalFileOpener
from fsspec.implementations.memory import MemoryFileSystem

from zoograph.data.errors import ZoographError
from zoograph.data.files.shared import SHARED_VARIABLE, keep_shared
from zoograph.data.files.tensors import load_tensors

NAME = "0123.safetensors"


class Machine:
    """Has a folder of its own, and counts how often it computes."""

    def __init__(self, folder: Path) -> None:
        self.path, self.computed = folder / "cache" / NAME, 0

    def ask(self) -> tuple[list[int], dict[str, Any]]:
        def compute() -> tuple[dict[str, torch.Tensor], dict[str, str]]:
            self.computed += 1
            return {"x": torch.arange(3)}, {"by": self.path.parts[-3]}

        tensors, about = keep_shared(self.path, compute)
        return tensors["x"].tolist(), about


@pytest.fixture(params=["file", "memory"])
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "memory":
        monkeypatch.setattr(MemoryFileSystem, "store", {})
        monkeypatch.setattr(MemoryFileSystem, "pseudo_dirs", [""])
    where = {"file": str(tmp_path / "shared" / "features"), "memory": "memory://shared/features"}[request.param]
    monkeypatch.setenv(SHARED_VARIABLE, where)
    return where


def test_one_machine_computes_and_the_others_read(address: str, tmp_path: Path) -> None:
    first, second = Machine(tmp_path / "first"), Machine(tmp_path / "second")
    assert first.ask() == first.ask() == second.ask() == ([0, 1, 2], {"by": "first"})
    assert (first.computed, second.computed) == (1, 0)
    second.path.unlink()
    assert second.ask()[1] == {"by": "first"}
    assert second.computed == 0


def test_without_an_address_each_machine_computes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SHARED_VARIABLE, raising=False)
    machines = [Machine(tmp_path / name) for name in ("first", "second")]
    assert [machine.ask()[1]["by"] for machine in machines] == ["first", "second"]


def test_a_damaged_file_is_computed_and_shared_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(SHARED_VARIABLE, str(tmp_path / "shared"))
    first, second, third = (Machine(tmp_path / name) for name in ("first", "second", "third"))
    first.ask()
    shared = tmp_path / "shared" / NAME
    shared.write_bytes(shared.read_bytes()[:-3])
    assert second.ask() == ([0, 1, 2], {"by": "second"})
    assert "is damaged and computed again" in caplog.text
    assert third.ask()[1] == {"by": "second"}


def test_a_shared_disk_that_is_full_stops_nobody_and_shows_no_half_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(SHARED_VARIABLE, str(tmp_path / "shared"))
    write = LocalFileOpener.write

    def fill_up(self: LocalFileOpener, content: bytes) -> None:
        write(self, content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(LocalFileOpener, "write", fill_up)
    machine = Machine(tmp_path / "first")
    assert machine.ask()[0] == [0, 1, 2]
    assert not (tmp_path / "shared" / NAME).exists()
    assert "cannot be written to ([Errno 28] No space left on device): this machine goes on with its own" in caplog.text
    assert load_tensors(machine.path)[1] == {"by": "first"}
    assert machine.ask()[0] == [0, 1, 2]
    assert machine.computed == 1


def test_a_folder_that_cannot_be_read_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "shared").write_text("no folder")
    monkeypatch.setenv(SHARED_VARIABLE, str(tmp_path / "shared"))
    assert Machine(tmp_path / "first").ask()[0] == [0, 1, 2]
    assert "this machine goes on with its own" in caplog.text


def test_an_address_that_nothing_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SHARED_VARIABLE, "nowhere://bucket/features")
    with pytest.raises(ZoographError, match=r"must be a folder or an address .*got 'nowhere://.*not known.*or unset"):
        Machine(tmp_path / "first").ask()
