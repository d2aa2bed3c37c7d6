"""A small hub through all its stages: each reads what the one before wrote, and answers are good ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.training.studies.hub.work import STAGES

pytest.importorskip("faiss")


def test_a_small_hub_from_tables_to_answers(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    found = {name: stage(tmp_path, 1_000, lambda *at: told.append(at)) for name, stage in STAGES.items()}
    assert found["make"]["num_datasets"] == 447
    assert found["graph"]["num_edges"] > 40_000
    assert found["train"]["steps"] >= 100
    assert found["train"]["epochs"] > 40
    assert (found["index"]["lists"], found["index"]["tuned_recall"]) == (1, 1.0)
    asked = found["ask"]
    assert asked["recall_at_10"] == 1.0
    assert asked["questions"] == 200
    assert asked["mae_truth"] < 0.9 * asked["mae_constant"]
    assert 0.8 < asked["coverage"] < 0.99
    assert 0 < asked["search_ms"]["median"] <= asked["search_ms"]["slowest_twentieth"]
    assert told[-1] == (200, 200)
