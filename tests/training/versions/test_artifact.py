"""A predictor on disk: what it says and what it saw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from zoograph.data.errors import PredictorError
from zoograph.training.versions import artifact as artifact_module
from zoograph.training.versions.artifact import (
    COLUMNS,
    PREDICTIONS,
    SAW,
    Artifact,
    Manifest,
    digest,
    read_tensor_file,
)

Make = Callable[..., Manifest]


def test_rows_are_the_columns_of_a_model_on_datasets(saved: Artifact) -> None:
    both = saved.rows("vit", ["pets", "birds_1"])
    assert both is not None
    assert both[0] == pytest.approx({"mean": 0.12, "lower": 1.12, "upper": 2.12, "baseline": 3.12}, abs=1e-6)
    assert both[1] == pytest.approx({"mean": 0.1, "lower": 1.1, "upper": 2.1, "baseline": 3.1}, abs=1e-6)
    assert saved.rows("vit", ["pets", "nothing"]) is None
    assert saved.rows("nobody", ["pets"]) is None


def test_the_table_is_read_once_for_all_tasks(saved: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    whole = artifact_module.read_tensor_file
    monkeypatch.setattr(artifact_module, "read_tensor_file", lambda path: [read.append(path), whole(path)][1])
    saved.rows("vit", ["birds_1", "birds_2", "pets"])
    assert [path.name for path in read] == [PREDICTIONS]


def test_it_saw_batches(save_toy: Callable[..., Artifact], root: Path) -> None:
    artifact = save_toy(root, saw={"monday": "d1"})
    assert artifact.saw() == {"monday": "d1"}
    for raw in (b"{", b"[]", b"\xff"):
        (artifact.folder / SAW).write_bytes(raw)
        with pytest.raises(PredictorError, match="is damaged"):
            artifact.saw()


def test_a_table_of_other_models_is_no_table_of_this_one(save_toy: Callable[..., Artifact], root: Path) -> None:
    artifact = save_toy(root)
    for tables in ({name: np.zeros((2, 2)) for name in COLUMNS}, {"mean": np.zeros((2, 3))}):
        (artifact.folder / PREDICTIONS).write_bytes(save(tables))
        with pytest.raises(PredictorError, match=r"'predictions.safetensors' holds another table"):
            artifact.rows("vit", ["pets"])
    (artifact.folder / PREDICTIONS).write_bytes(save({name: np.full((2, 3), np.nan) for name in COLUMNS}))
    with pytest.raises(PredictorError, match="holds what is no accuracy"):
        artifact.rows("vit", ["pets"])


def test_a_header_that_is_made_to_keep_its_reader_busy_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes((2_000_000).to_bytes(8, "little") + b" " * 2_000_100)
    with pytest.raises(ValueError, match=r"'weights.safetensors' cannot be read: its header is longer than 1,000,000"):
        read_tensor_file(path)


def test_an_entry_that_is_there_twice_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    entry = b'"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}'
    header = b"{" + entry + b", " + entry + b"}"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0")
    with pytest.raises(ValueError, match=r"'weights\.safetensors' cannot be read"):
        read_tensor_file(path)


def test_the_digest_is_sha_256() -> None:
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
