"""The benchmark of devices, on something small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.scripts.benchmarks.speed.devices import devices


def test_head_and_relatedness_are_timed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    devices("cpu", "n60_d8_C3", "test_resnet", 32, "head,scores", out=tmp_path)
    found = json.loads((tmp_path / "devices.json").read_text())
    parts = [row["part"] for row in found["rows"]]
    assert (parts[0], parts[1], parts[-1]) == ("head", "score_logme", "scores_together")
    assert all(row["seconds"] > 0 and row["device"] == "cpu" for row in found["rows"])
    assert (found["torch"], found["device"]) == (torch.__version__, "cpu")
    assert "Seconds by device" in capsys.readouterr().out


def test_images_are_looked_at_without_a_cache(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    devices("cpu", "n60_d8_C3", "test_resnet", 32, "features", as_json=True)
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["part"] for row in rows] == ["features_network", "features_task"]
    assert all(row["images_per_second"] > 0 for row in rows)
    assert not list(home.glob("cache/**/*.safetensors"))


def test_an_unknown_part_is_named() -> None:
    with pytest.raises(ZoographError, match=r"'--parts' takes features, scores, .* \(got 'heads'\)"):
        devices("cpu", parts="heads")
