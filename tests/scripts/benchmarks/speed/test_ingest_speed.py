"""`benchmark ingest`: a file of known pairs is ingested in a process of its own, and timed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from zoograph.scripts.benchmarks.speed.ingest_speed import _write, measure


def test_rows_are_ingested_and_timed(run_command: Callable[..., Any]) -> None:
    ran = run_command(measure, "--rows", "50", "--json")
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    assert (said["rows"], said["new"], said["database"]) == (50, 50, "SQLite")
    assert said["seconds"] > 0


def test_the_file_is_of_known_pairs_and_the_same_for_a_seed(toy_zoo: Any, tmp_path: Any) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        _write(tmp_path / name, 20, seed)
    text = (tmp_path / "a").read_text()
    assert text == (tmp_path / "b").read_text() != (tmp_path / "c").read_text()
    head, *rows = text.splitlines()
    assert head == "model,dataset,accuracy,seed"
    pairs = {(run.model, run.dataset) for run in toy_zoo.runs}
    assert {tuple(row.split(",")[:2]) for row in rows} <= pairs
    assert [int(row.split(",")[3]) for row in rows] == list(range(20))
    assert all(0 <= float(row.split(",")[2]) <= 100 for row in rows)
