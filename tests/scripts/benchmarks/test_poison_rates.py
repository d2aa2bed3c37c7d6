"""How often wrong runs of one model are noticed: who is counted."""

from __future__ import annotations

import pandas as pd

from zoograph.scripts.benchmarks.poison_rates import _suspected


def test_each_batch_is_counted_once() -> None:
    runs = pd.DataFrame({"mean": 0.5, "lower": 0.45, "upper": 0.55, "value": 0.5, "model": "m"}, index=range(20))
    runs["batch"] = [0] * 5 + [1] * 15
    runs.loc[5:, "value"] = 0.45
    assert _suspected(runs, 0.0) == [False, True]  # fifteen runs need to be off by 0.9 half-widths, five by 1.6
    assert _suspected(runs, 0.1) == [True, True]
    assert _suspected(runs, 0.05) == [False, False]
