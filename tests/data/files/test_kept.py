"""Results in files: computed once, and again only where the file is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from zoograph.data.files.facts import load_facts
from zoograph.data.files.kept import keep_facts, keep_tensors


class Work:
    """Counts how often it is done."""

    def __init__(self) -> None:
        self.done = 0

    def facts(self) -> dict[str, int]:
        self.done += 1
        return {"call": self.done}

    def tensors(self) -> tuple[dict[str, torch.Tensor], dict[str, int]]:
        return {"x": torch.arange(3)}, self.facts()


def test_facts_are_computed_once(tmp_path: Path) -> None:
    work, path = Work(), tmp_path / "new" / "piece.json"
    assert [keep_facts(path, work.facts) for _ in range(3)] == [{"call": 1}] * 3
    assert work.done == 1
    assert load_facts(path) == {"call": 1}
    assert [file.name for file in path.parent.iterdir()] == ["piece.json"]


def test_tensors_are_computed_once(tmp_path: Path) -> None:
    work, path = Work(), tmp_path / "new" / "piece.safetensors"
    for _ in range(3):
        tensors, about = keep_tensors(path, work.tensors)
        assert torch.equal(tensors["x"], torch.arange(3))
        assert about == {"call": 1}
    assert work.done == 1


@pytest.mark.parametrize("content", [b"", b'{"call": ', b"\xff\xfe"])
def test_damaged_facts_are_computed_again(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path, work = tmp_path / "piece.json", Work()
    path.write_bytes(content)
    assert keep_facts(path, work.facts) == keep_facts(path, work.facts) == {"call": 1}
    assert f"'{path}' is damaged and computed again" in caplog.text


def test_damaged_tensors_are_computed_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, work = tmp_path / "piece.safetensors", Work()
    keep_tensors(path, work.tensors)
    path.write_bytes(path.read_bytes()[:-1])
    assert keep_tensors(path, work.tensors)[1] == keep_tensors(path, work.tensors)[1] == {"call": 2}
    assert f"'{path}' is damaged and computed again" in caplog.text


def test_work_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def stop() -> dict[str, int]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keep_facts(tmp_path / "piece.json", stop)
    assert list(tmp_path.iterdir()) == []
    assert keep_facts(tmp_path / "piece.json", Work().facts) == {"call": 1}


def test_tensors_that_cannot_be_kept_are_returned_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    tensors, about = keep_tensors(tmp_path / "piece.safetensors", Work().tensors)
    assert (tensors["x"].tolist(), about) == ([0, 1, 2], {"call": 1})
    assert "cannot be kept (No space left on device)" in caplog.text
    assert list(tmp_path.iterdir()) == []
