"""`zoograph zoo train` writes a predictor for each question that ships, in a state folder of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Protocol
from zoograph.scripts.zoo.predictors import train_shipped
from zoograph.training.retraining import train
from zoograph.training.versions import shipped


def test_predictors_are_written_and_the_home_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZOOGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(shipped, "SHIPPED_QUESTIONS", ((Protocol.HEAD, Modality.IMAGE.value),))
    asked: list[Any] = []

    def trained(store: object, root: Path, protocol: Protocol, **rest: object) -> SimpleNamespace:
        asked.append((protocol, rest["modality"], rest["device"], os.environ["ZOOGRAPH_HOME"]))
        folder = root / "version"
        folder.mkdir(parents=True)
        (folder / "weights").write_bytes(b"1234")
        return SimpleNamespace(
            folder=folder, manifest=SimpleNamespace(num_records=3, verdict=SimpleNamespace(seconds=1.0))
        )

    monkeypatch.setattr(train, "train_predictor", trained)
    train_shipped(tmp_path / "out", processes=1, as_json=True)
    answer = json.loads(capsys.readouterr().out)
    assert answer["predictors"] == [{"predictor": "head-default", "records": 3, "seconds": 1.0, "bytes": 4}]
    assert (tmp_path / "out" / "head-default" / "version" / "weights").read_bytes() == b"1234"
    ((protocol, modality, device, home),) = asked
    assert (protocol, modality, device) == (Protocol.HEAD, "image", torch.device("cpu"))
    assert home != str(tmp_path / "home")
    assert not Path(home).exists()
    assert os.environ["ZOOGRAPH_HOME"] == str(tmp_path / "home")


def test_a_folder_with_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "head-default").mkdir()
    (tmp_path / "head-default" / "current.json").touch()
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ZoographError, match=r"hold predictors alone, because it is replaced .got 'thesis.tex'"):
        train_shipped(tmp_path, processes=1)
    assert (tmp_path / "thesis.tex").exists()
