"""The picture of scale: time, memory and error by the number of runs."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from zoograph.data.errors import ZoographError
from zoograph.scripts.pictures import scale as scale_picture


def _row(runs: int) -> dict[str, Any]:
    return {
        "runs": runs,
        "num_train": round(0.9 * runs),
        "num_test": round(0.1 * runs),
        "cpu_seconds": {"make": 0.1, "build": 0.4, "train": runs / 100, "predict": 0.25},
        "imports_rss_gib": 0.5,
        "peak_rss_gib": {"train": 0.75, "predict": 0.75},
        "mae_truth": 0.0321,
        "noise_floor": 0.03,
    }


def test_missing_matplotlib_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ZoographError, match=r"pip install 'matplotlib>=3\.9'"):
        scale_picture.draw_scale([])


def test_curves_say_what_was_measured() -> None:
    axes = scale_picture.draw_scale([_row(5000), _row(50_000)]).axes
    assert [ax.get_title(loc="left").split(",")[0] for ax in axes] == [
        "Processor seconds",
        "Peak memory",
        "Mean absolute error",
    ]
    drawn = {line.get_label(): list(line.get_ydata()) for line in axes[0].lines}
    assert drawn["training"] == [50.0, 500.0]
    assert drawn["predicting a tenth of the records"] == [0.25, 0.25]
