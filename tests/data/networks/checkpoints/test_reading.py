"""Checkpoints are read by what they hold, and none of them runs anything or fills the memory."""

from __future__ import annotations

import argparse
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save, save_file

from zoograph.data.networks.checkpoints.reading import read_checkpoint
from zoograph.data.networks.weight_files import WeightsError

STATE = {"conv.weight": torch.ones(2, 3), "fc.bias": torch.zeros(2)}


def test_tensors_are_named_by_the_way_to_them(tmp_path: Path) -> None:
    whole = {
        "state_dict": STATE,
        "epoch": 3,
        "best": np.float64(0.5),
        "args": argparse.Namespace(lr=0.1),
        "optimizer": {"state": {0: {"exp_avg": torch.ones(1)}}},
        "optimizer_states": {"x": torch.ones(1)},
    }
    torch.save(whole, tmp_path / "a.pth")
    read = read_checkpoint(tmp_path / "a.pth")
    assert {name: tuple(value.shape) for name, value in read.items()} == {
        "state_dict.conv.weight": (2, 3),
        "state_dict.fc.bias": (2,),
    }


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("ending", [".pt", ".ckpt", ".bin", ".safetensors", ""])
def test_the_ending_does_not_matter(tmp_path: Path, ending: str, old: bool) -> None:
    torch.save(STATE, tmp_path / f"a{ending}", _use_new_zipfile_serialization=not old)
    save_file(STATE, tmp_path / f"b{ending}")
    for name in ("a", "b"):
        assert read_checkpoint(tmp_path / f"{name}{ending}").keys() == STATE.keys()


def test_an_index_joins_its_files_and_looks_nowhere_else(tmp_path: Path) -> None:
    for name, value in STATE.items():
        save_file({name: value}, tmp_path / f"{name}.safetensors")
    index = tmp_path / "model.safetensors.index.json"
    names = {name: f"../../{name}.safetensors" for name in STATE}
    index.write_text(json.dumps({"weight_map": names}))
    assert read_checkpoint(index).keys() == STATE.keys()
    index.write_text("[]")
    with pytest.raises(WeightsError, match="without a 'weight_map'"):
        read_checkpoint(index)


class Evil:
    def __reduce__(self) -> Any:
        return print, ("run",)


def test_nothing_is_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"state_dict": STATE, "hook": Evil()}, tmp_path / "a.pt")
    with pytest.raises(WeightsError, match=r"an object of the kind '\S*print', which would have to be run"):
        read_checkpoint(tmp_path / "a.pt")
    assert capsys.readouterr().out == ""


def test_an_archive_that_grows_is_not_opened(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(4_000_000)}, tmp_path / "a.pt")
    with (
        zipfile.ZipFile(tmp_path / "a.pt") as plain,
        zipfile.ZipFile(tmp_path / "b.pt", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for entry in plain.infolist():
            packed.writestr(entry.filename, plain.read(entry))
    assert (tmp_path / "b.pt").stat().st_size < 100_000
    with pytest.raises(WeightsError, match=r"grows to 16,\d+,\d+ bytes"):
        read_checkpoint(tmp_path / "b.pt")


@pytest.mark.parametrize("tensor", [torch.zeros(1).expand(10**6, 10**6), torch.eye(3).to_sparse()])
def test_tensors_that_are_not_what_they_seem(tmp_path: Path, tensor: torch.Tensor) -> None:
    torch.save({"w": tensor}, tmp_path / "a.pt")
    with pytest.raises(WeightsError, match=r"'w', which|sparse"):
        read_checkpoint(tmp_path / "a.pt")


@pytest.mark.timeout(20)
def test_dictionaries_that_hold_each_other_many_times_are_no_maze(tmp_path: Path) -> None:
    inner: Any = {"w": torch.zeros(1)}
    for _ in range(7):
        inner = {f"k{number}": inner for number in range(40)}
    torch.save(inner, tmp_path / "a.pt")
    with pytest.raises(WeightsError, match="more than 100,000 entries"):
        read_checkpoint(tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "an empty file"),
        (b'5\0\0\0\0\0\0\0{"a":{"dtype":"XX","shape":[0],"data_offsets":[0,0]}}', "unknown variant `XX`"),
        (b"<html>", "neither of the two, or one that is cut short"),
        (save(STATE)[:-3], "end after"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS.*git lfs pull"),
    ],
)
def test_what_is_no_checkpoint(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.bin").write_bytes(content)
    with pytest.raises(WeightsError, match=reason):
        read_checkpoint(tmp_path / "a.bin")


def test_a_checkpoint_without_tensors(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "a.pt")
    with pytest.raises(WeightsError, match=r"must hold tensors by name \(got none\)"):
        read_checkpoint(tmp_path / "a.pt")


def test_a_folder_or_nothing(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="got a folder"):
        read_checkpoint(tmp_path)
    with pytest.raises(WeightsError, match="got nothing there"):
        read_checkpoint(tmp_path / "a.pt")
