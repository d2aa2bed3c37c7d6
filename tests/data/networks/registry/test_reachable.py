"""Weights that nobody can have are found out before torch is imported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from zoograph.data.errors import ZoographError
from zoograph.data.networks.registry import reachable
from zoograph.data.networks.registry.reachable import require_reachable


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def test_what_neither_the_hub_nor_the_cache_has_is_said_in_a_sentence() -> None:
    with pytest.raises(ZoographError, match=r"^The weights of 'resnet18' must be .*HF_HUB_OFFLINE forbids"):
        require_reachable(["resnet18"])
    with pytest.raises(ZoographError, match=r"^The weights of 'resnet18' and of 1 more must be in the Hugging Face"):
        require_reachable(["resnet18", "timm/vit_base_patch16_224.augreg_in1k"])


@pytest.mark.parametrize(
    "names",
    [
        ["resnet18", "resnet34.a1_in1k"],  # one of two is in the cache
        ["resnett18"],  # whoever loads it finds the nearest names
        ["gcvit_base.in1k"],  # is at an address of its own
        ["resnet18", "gcvit_base.in1k"],
    ],
)
def test_what_may_be_had_is_left_to_whoever_loads_it(cache: Path, names: list[str]) -> None:
    (cache / "models--timm--resnet34.a1_in1k" / "snapshots" / "0").mkdir(parents=True)
    require_reachable(names)


def test_a_hub_that_answers_is_left_to_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reachable, "why_not_asked", lambda: None)
    require_reachable(["resnet18"])


def test_torch_is_not_imported_to_find_out(run_python: Callable[..., Any], tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.jpg").touch()
    ran = run_python(
        "import sys, zoograph\n"
        "try:\n    zoograph.score('resnet18', sys.argv[1])\n"
        "except zoograph.ZoographError as error:\n    print('torch' in sys.modules, error)",
        str(tmp_path),
    )
    assert ran.out.startswith("False The weights of 'resnet18' must be in the Hugging Face cache"), ran.err
