"""What a zoo of a given size costs."""

from __future__ import annotations

import json

import pytest

from zoograph.training.networks.ensemble import NetworkConfig
from zoograph.training.studies import scaling


def test_measure_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = NetworkConfig(hidden_channels=8, num_members=2, max_full_edges=0, min_batches=5)
    monkeypatch.setattr(scaling, "LARGE", tiny)
    monkeypatch.setattr("zoograph.training.predictors.sampled.LARGE", tiny)
    steps: list[tuple[int, int]] = []
    row = scaling.measure(300, scaling.Kind.SAMPLED, lambda done, total: steps.append((done, total)))
    assert (row["num_models"], row["num_datasets"]) == (53, 57)
    assert 200 < row["num_train"] + row["num_test"] < 400
    assert row["steps"] == len(steps) == steps[-1][1] == 16
    assert (
        list(row["seconds"])
        == list(row["cpu_seconds"])
        == list(row["peak_rss_gib"])
        == ["make", "build", "train", "predict"]
    )
    assert 0 < row["imports_rss_gib"] <= row["peak_rss_gib"]["make"] <= row["peak_rss_gib"]["predict"]
    assert row["steps_per_epoch"] == 4
    assert 0 < row["cpu_seconds_per_epoch"] < row["cpu_seconds"]["train"]
    assert row["mae_truth"] < 0.5
    assert 0 < row["noise_floor"] < row["mae_constant"]


def test_progress_and_the_result_are_lines_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    scaling._report(done=1, total=2)
    scaling._report(result={"runs": 300})
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"done": 1, "total": 2},
        {"result": {"runs": 300}},
    ]
