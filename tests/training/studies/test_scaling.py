"""What a zoo of a given size costs."""

from __future__ import annotations

from zoograph.training.predictors.evidence import TrainingConfig
from zoograph.training.studies import scaling


def test_measure_by_hand() -> None:
    steps: list[tuple[int, int]] = []
    row = scaling.measure(300, lambda done, total: steps.append((done, total)), TrainingConfig(num_steps=5))
    assert (row["num_models"], row["num_datasets"]) == (53, 57)
    assert 200 < row["num_train"] + row["num_test"] < 400
    assert steps[-1][0] == steps[-1][1]
    stages = ["make", "build", "train", "predict"]
    assert list(row["seconds"]) == list(row["cpu_seconds"]) == list(row["peak_rss_gib"]) == stages
    assert 0 < row["imports_rss_gib"] <= row["peak_rss_gib"]["make"] <= row["peak_rss_gib"]["predict"]
    assert row["mae_truth"] < row["mae_constant"]
    assert 0 < row["noise_floor"] < row["mae_constant"]
    assert 0.7 < row["coverage"] <= 1
