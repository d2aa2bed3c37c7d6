"""Which file a path means for a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zoograph.data.networks.weight_files import WeightFile, WeightsError, find_weight_file


def _touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_file_is_itself(tmp_path: Path) -> None:
    _touch(tmp_path / "any.thing")
    assert find_weight_file(tmp_path / "any.thing", "resnet18") == WeightFile(tmp_path / "any.thing")
    with pytest.raises(WeightsError, match="must be a file or a folder"):
        find_weight_file(tmp_path / "none", "resnet18")


def test_a_cloned_folder(tmp_path: Path) -> None:
    _touch(tmp_path / "model.safetensors", tmp_path / "pytorch_model.bin")
    seen = {"mean": [0.5, 0.5, 0.5], "input_size": [3, 160, 160], "classifier": "fc", "tag": "x"}
    config = {"architecture": "resnet18", "num_classes": 3, "pretrained_cfg": seen, "model_args": {"img_size": 160}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    found = find_weight_file(tmp_path, "resnet18")
    assert (found.path.name, found.architecture) == ("model.safetensors", "resnet18")
    assert found.sees == {"mean": (0.5, 0.5, 0.5), "input_size": (3, 160, 160)}
    assert found.arguments == {"img_size": 160}


@pytest.mark.parametrize("content", ["{", "[]", '{"pretrained_cfg": 3}'])
def test_settings_that_cannot_be_read(tmp_path: Path, content: str) -> None:
    _touch(tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(WeightsError, match=r"must be the settings of a model, in JSON"):
        find_weight_file(tmp_path, "resnet18")


def test_an_index_and_a_lone_file(tmp_path: Path) -> None:
    _touch(tmp_path / "a" / "config.json", tmp_path / "a" / "model.safetensors.index.json")
    (tmp_path / "a" / "config.json").write_text("{}")
    _touch(tmp_path / "a" / "model-00001-of-00002.safetensors", tmp_path / "a" / "model-00002-of-00002.safetensors")
    assert find_weight_file(tmp_path / "a", "resnet18").path.name == "model.safetensors.index.json"
    _touch(tmp_path / "b" / "best.ckpt", tmp_path / "b" / "log.txt")
    assert find_weight_file(tmp_path / "b", "resnet18").path.name == "best.ckpt"
    with pytest.raises(WeightsError, match=r"must hold the weights of 'vit' \(got 'best.ckpt', 'log.txt'\)"):
        find_weight_file(tmp_path / "b", "vit", alone=False)


def test_a_name_that_timm_does_not_know_may_be_that_of_a_file(tmp_path: Path) -> None:
    _touch(tmp_path / "resnet18.a1_in1k.pth", tmp_path / "vit_tiny.pth")
    with pytest.raises(WeightsError, match=r"\. Is 'resnet18\.a1_in1k' meant\? Else: Call the file 'resnett18\.safe"):
        find_weight_file(tmp_path, "resnett18")
    with pytest.raises(WeightsError, match=r"'vit_tiny\.pth'\)\. Call the file 'resnet10t\."):
        find_weight_file(tmp_path, "resnet10t")  # which timm knows


@pytest.mark.parametrize(
    ("file", "model"),
    [
        ("resnet18.safetensors", "resnet18"),
        ("resnet18.a1_in1k.pth", "timm/resnet18.a1_in1k"),
        ("resnet18.ckpt", "resnet18.a1_in1k"),
        ("resnet18.a1_in1k.ckpt", "resnet18"),
        ("timm_resnet18.a1_in1k.pth", "resnet18.a1_in1k"),
        ("owner_model.bin", "owner/model"),
        ("resnet18/model.safetensors", "resnet18"),
    ],
)
def test_a_folder_of_several_models(tmp_path: Path, file: str, model: str) -> None:
    _touch(tmp_path / file, tmp_path / "vit_tiny.pth", tmp_path / "vit_small.pth")
    assert find_weight_file(tmp_path, model, alone=False).path == tmp_path / file


def test_two_files_of_one_model(tmp_path: Path) -> None:
    _touch(tmp_path / "resnet18.pth", tmp_path / "resnet18.ckpt")
    with pytest.raises(WeightsError, match=r"one file for 'resnet18' \(got 'resnet18.pth', 'resnet18.ckpt'\)"):
        find_weight_file(tmp_path, "resnet18")


def test_several_files_that_name_nobody(tmp_path: Path) -> None:
    _touch(tmp_path / "epoch1.pth", tmp_path / "epoch2.pth")
    with pytest.raises(WeightsError, match=r"got 'epoch1.pth', 'epoch2.pth'\).*'resnet18.safetensors'"):
        find_weight_file(tmp_path, "resnet18")
