"""The picture of the hub benchmark: three panels, each curve with the values that were measured."""

from __future__ import annotations

from typing import Any

from zoograph.scripts.pictures.hub import draw_hub


def _row(models: int) -> dict[str, Any]:
    cost = {"cpu_seconds": models / 100, "peak_rss_gib": 0.5 + models / 1e6}
    milliseconds = {"median": models / 1000, "slowest_twentieth": 1.0}
    asked = {
        "search_ms": milliseconds,
        "judge_ms": milliseconds,
        "brute_force_ms": milliseconds,
        "recall_at_10": 0.9951,
    }
    found = {"graph": {"num_edges": 50 * models}, "train": {"epochs": 2}, "ask": asked}
    stages = {stage: {**cost, **found.get(stage, {})} for stage in ("make", "graph", "train", "embed", "index", "ask")}
    return {"models": models, "machine": "2 cores", "stages": stages}


def test_curves_hold_what_was_measured() -> None:
    figure = draw_hub([_row(1_000), _row(2_000_000)])
    times, memory, answers = figure.axes
    lines = {line.get_label(): line.get_ydata().tolist() for line in times.get_lines()}
    assert lines["building the graph"] == [10, 20_000]
    assert lines["a training epoch"] == [5, 10_000]
    assert [line.get_ydata().tolist() for line in memory.get_lines()] == [[0.501, 2.5]] * 4
    assert len(answers.get_lines()) == 3
