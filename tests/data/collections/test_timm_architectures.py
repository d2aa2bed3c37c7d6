from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.collections import timm_architectures
from zoograph.data.collections.timm_architectures import (
    BENCHMARKS,
    make_architecture_table,
    write_architecture_table,
)
from zoograph.data.errors import RawDataError
from zoograph.data.networks.registry.architecture_table import ArchitectureRow, Key, read_architecture_table
from zoograph.data.networks.registry.figures import NetworkFigures
from zoograph.data.records.pretraining import Speed

HEADER = (
    "model,infer_img_size,infer_samples_per_sec,infer_step_time,infer_batch_size,param_count,infer_gmacs,infer_macts"
)
KEY: Key = ("test_resnet", "160", 1000)


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # The GPUs ran the network with fewer parameters: its norms were fused.
    for name, speed, parameters in zip(BENCHMARKS, (1000.5, 800, 9), ("0.40", "0.40", "0.47"), strict=True):
        row = f"test_resnet,160,{speed},1,1,{parameters},0.10,0.64"
        (tmp_path / name).write_text(f"{HEADER}\n{row}\ntest_resnet,288,1,1,1,0.47,0.30,2.0\n")
    monkeypatch.setattr(timm_architectures, "_networks", lambda: {KEY: "test_resnet.r160_in1k"})
    return tmp_path


def test_counts_are_joined_with_the_speeds_at_that_size(raw: Path) -> None:
    table = make_architecture_table(raw)
    assert table.keys() == {KEY}
    assert table[KEY].figures.parameters == read_architecture_table()[KEY].figures.parameters
    assert [(speed.device, speed.images_per_second) for speed in table[KEY].speeds] == [
        ("rtx_5090_amp", 1000.5),
        ("rtx_4090_amp", 800),
        ("i7_12700h_fp32", 9),
    ]


def test_what_was_counted_before_is_not_counted_again(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm_architectures, "_count", lambda name: pytest.fail("counted"))
    known = {KEY: ArchitectureRow(NetworkFigures(7, 2))}
    assert make_architecture_table(raw, known)[KEY].figures == NetworkFigures(7, 2)


def test_a_written_table_is_read_back(raw: Path) -> None:
    table = {
        KEY: ArchitectureRow(
            NetworkFigures(1234, 8, 0.123456789, None), (Speed(device="rtx_4090_amp", images_per_second=5),)
        )
    }
    write_architecture_table(table, raw / "table.csv")
    (back,) = read_architecture_table(raw / "table.csv").values()
    assert back.figures == NetworkFigures(1234, 8, 0.123457, None)
    assert back.speeds == table[KEY].speeds


def test_a_missing_table_is_named(raw: Path) -> None:
    (raw / BENCHMARKS[1]).unlink()
    with pytest.raises(RawDataError, match=r"4090\.csv' is needed"):
        make_architecture_table(raw)
