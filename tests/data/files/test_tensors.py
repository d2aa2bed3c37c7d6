from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from zoograph.data.files.tensors import hash_tensors, load_tensors, read_about, save_tensors

TENSORS = {"a": torch.arange(6).reshape(2, 3), "b": torch.tensor([0.5, -1.0], dtype=torch.bfloat16)}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "made" / "file.safetensors"
    save_tensors(path, {**TENSORS, "view": TENSORS["a"].T, "empty": torch.zeros(0)}, {"answer": 42})
    tensors, about = load_tensors(path)
    assert about == {"answer": 42}
    assert tensors["b"].dtype is torch.bfloat16
    assert torch.equal(tensors["view"], TENSORS["a"].T)
    assert tensors["empty"].shape == (0,)
    assert [entry.name for entry in path.parent.iterdir()] == ["file.safetensors"]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "garbage", "empty", "foreign"])
def test_a_damaged_file_is_refused(tmp_path: Path, damage: str) -> None:
    from safetensors.torch import save

    path = tmp_path / "file.safetensors"
    save_tensors(path, TENSORS, {})
    raw = path.read_bytes()
    path.write_bytes(
        {
            "truncated": raw[:-1],
            "flipped": raw[:-1] + bytes([raw[-1] ^ 1]),
            "garbage": b"\xff" * 100,
            "empty": b"",
            "foreign": save(TENSORS),
        }[damage]
    )
    with pytest.raises(ValueError, match=r"file\.safetensors"):
        load_tensors(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_tensors(tmp_path / "none.safetensors")


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.safetensors"
    save_tensors(path, TENSORS, {"version": 1})

    def refuse(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(OSError, match="disk full"):
        save_tensors(path, TENSORS, {"version": 2})
    assert load_tensors(path)[1] == {"version": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.safetensors"]


def test_the_hash_knows_names_types_shapes_and_values() -> None:
    same = {name: TENSORS[name].clone() for name in ("b", "a")}
    assert hash_tensors(same) == hash_tensors(TENSORS)
    others = [
        {**TENSORS, "a": TENSORS["a"].reshape(3, 2)},
        {**TENSORS, "a": TENSORS["a"].int()},
        {**TENSORS, "a": TENSORS["a"] + 1},
        {"c": TENSORS["a"], "b": TENSORS["b"]},
    ]
    assert len({hash_tensors(tensors) for tensors in (TENSORS, *others)}) == 5


def test_no_flipped_bit_is_read_as_something_else(tmp_path: Path) -> None:
    path, about = tmp_path / "file.safetensors", {"run": {"value": 0.75, "model": "resnet18"}}
    save_tensors(path, TENSORS, about)
    whole = path.read_bytes()
    for place in range(len(whole)):
        for bit in range(8):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << bit)]) + whole[place + 1 :])
            for read in (lambda: load_tensors(path), lambda: (TENSORS, read_about(path))):
                try:
                    tensors, said = read()
                except (ValueError, FileNotFoundError):
                    continue
                assert said == about
                assert hash_tensors(tensors) == hash_tensors(TENSORS)


def test_the_description_of_a_file_of_the_first_zoograph_is_read(tmp_path: Path) -> None:
    from safetensors.torch import save

    described = {"about": {"answer": 42}, "content": hash_tensors(TENSORS)}
    (tmp_path / "old.safetensors").write_bytes(save(TENSORS, metadata={"zoograph": json.dumps(described)}))
    assert load_tensors(tmp_path / "old.safetensors")[1] == {"answer": 42}
