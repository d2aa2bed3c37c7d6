"""Three checkpoints of one architecture, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from zoograph.data.errors import UnknownName
from zoograph.data.networks.blocks import Grouping
from zoograph.data.networks.weights import WeightsError, random_network
from zoograph.graphs.scores.analysis.parameter_distance import Norm
from zoograph.training.analysis.distance.compare import How, compare_checkpoints

NAME = "test_resnet"
ROLES = ("random", "pretrained", "finetuned")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Random weights; others; and what lies a quarter of the way from these to the random ones, with other classes."""
    states = [dict(random_network(NAME, seed, 5).state_dict()) for seed in (0, 1)]
    states.append({name: (states[0][name] + 3 * states[1][name]) / 4 for name in states[0]})
    states[2] |= {"fc.weight": torch.zeros(3, states[2]["fc.weight"].shape[1]), "fc.bias": torch.zeros(3)}
    paths = {role: tmp_path / f"{role}.safetensors" for role in ROLES}
    for path, state in zip(paths.values(), states, strict=True):
        save_file({name: weight.contiguous() for name, weight in state.items()}, path)
    return paths


def change(path: Path, **weights: Tensor | None) -> None:
    from safetensors.torch import load_file

    state = {name: weight for name, weight in {**load_file(path), **weights}.items() if weight is not None}
    save_file(state, path)


@pytest.mark.parametrize("how", [How(), How(Grouping.STAGES, Norm.L2)])
def test_the_ratio_is_known(files: dict[str, Path], how: How) -> None:
    answer = compare_checkpoints(NAME, files, how)
    assert [block.ratio for block in answer.blocks] == pytest.approx([3.0] * len(answer.blocks), rel=1e-5)
    assert answer.transferability == pytest.approx(3.0, rel=1e-5)
    assert answer.log_transferability == pytest.approx(math.log(3), rel=1e-5)
    assert answer.head is None
    assert answer.head_note == "the three have 5, 5 and 3 classes"
    assert (answer.is_stored, answer.folder, answer.dataset) == (False, None, None)


def test_a_head_of_one_size_is_beside_the_mean(files: dict[str, Path]) -> None:
    same = {**files, "finetuned": files["pretrained"]}
    answer = compare_checkpoints(NAME, same)
    assert answer.head is not None
    assert answer.unmoved == [block.name for block in answer.blocks]
    assert math.isinf(answer.transferability)
    assert answer.log_transferability is None
    assert '"transferability":"Infinity"' in answer.model_dump_json()  # JSON has no number for it


def test_checkpoints_without_heads(files: dict[str, Path]) -> None:
    change(files["random"], **{"fc.weight": None, "fc.bias": None})
    assert compare_checkpoints(NAME, files).head_note == "the three have no, 5 and 3 classes"


def test_another_architecture(files: dict[str, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_file(dict(random_network("test_convnext").state_dict()), other)
    with pytest.raises(WeightsError, match=r"'other.safetensors' must fit 'test_resnet' \(got \d+ missing.*unexpected"):
        compare_checkpoints(NAME, {**files, "pretrained": other})
    change(files["random"], **{"conv1.0.weight": None})
    with pytest.raises(WeightsError, match=r"got 1 missing: conv1.0.weight"):
        compare_checkpoints(NAME, files)


def test_another_width(files: dict[str, Path]) -> None:
    change(files["finetuned"], **{"conv1.0.weight": torch.zeros(2, 3, 3, 3)})
    with pytest.raises(WeightsError, match=r"1 of another shape: conv1.0.weight \(2, 3, 3, 3\) in place of"):
        compare_checkpoints(NAME, files)


def test_weights_that_are_no_numbers(files: dict[str, Path]) -> None:
    from safetensors.torch import load_file

    change(files["random"], **{"conv1.0.weight": load_file(files["random"])["conv1.0.weight"] * math.nan})
    with pytest.raises(WeightsError, match="finite weights"):
        compare_checkpoints(NAME, files)


def test_checkpoints_of_torch_are_read_too(files: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.torch import load_file

    expected = compare_checkpoints(NAME, files)
    states = {role: load_file(path) for role, path in files.items()}
    torch.save(states["random"], tmp_path / "random.pth")
    named = {f"model.{name}": weight for name, weight in states["pretrained"].items()}
    torch.save({"state_dict": named, "epoch": 3}, tmp_path / "pretrained.ckpt")
    others = {"random": tmp_path / "random.pth", "pretrained": tmp_path / "pretrained.ckpt"}
    assert compare_checkpoints(NAME, {**files, **others}) == expected


@pytest.mark.parametrize("content", [b"", b"not a checkpoint"])
def test_what_is_no_checkpoint(files: dict[str, Path], tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"weights.pth' must be a safetensors file or a checkpoint"):
        compare_checkpoints(NAME, {**files, "random": path})
    with pytest.raises(WeightsError, match="must be a file"):
        compare_checkpoints(NAME, {**files, "random": tmp_path / "nothing"})


def test_an_unknown_name(files: dict[str, Path]) -> None:
    with pytest.raises(UnknownName, match="resnett18"):
        compare_checkpoints("resnett18", files)
