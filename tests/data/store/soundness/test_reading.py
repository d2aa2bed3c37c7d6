"""What changed on disk after it was stored is told by its hash, and read by nobody."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.errors import StoreError
from zoograph.data.records.records import Metric, Protocol, Run, Score
from zoograph.data.store import schema
from zoograph.data.store.database import begin
from zoograph.data.store.export import export_runs
from zoograph.data.store.soundness.reading import read_sound
from zoograph.data.store.store import RecordStore


def change(home: Path, statement: str, *values: Any) -> None:
    """Change a database as something else than zoograph would."""
    with closing(sqlite3.connect(home / "zoograph.db")) as connection, connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        assert connection.execute(statement, values).rowcount == 1


RUN = "dataset = 'birds_1'"


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE runs SET value = 0.75 WHERE {RUN}",
        f"UPDATE runs SET model = 'vit' WHERE {RUN}",
        f"UPDATE runs SET protocol = 'heae' WHERE {RUN}",
        f"UPDATE runs SET seed = 1 WHERE {RUN}",
        f"UPDATE runs SET hyperparameters = '{{' WHERE {RUN}",
        f"UPDATE runs SET measured_at = 'never' WHERE {RUN}",
        f"UPDATE runs SET source = CAST(x'ff' AS TEXT) WHERE {RUN}",
        f"UPDATE runs SET id = 'f' || substr(id, 2) WHERE {RUN}",
    ],
)
def test_a_run_that_changed_is_told_and_left_out_everywhere(
    toy_store: RecordStore, home: Path, tmp_path: Path, statement: str, caplog: pytest.LogCaptureFixture
) -> None:
    change(home, statement)
    rows = toy_store.snapshot().runs
    assert sorted(rows["value"]) == [0.75, 1.0]
    assert "1 row of the store was changed on disk by something else than zoograph, and left out" in caplog.text
    assert sorted(toy_store.read_all(Metric.TOP1).zoo.runs["value"]) == [0.75, 1.0]
    assert toy_store.measured("resnet", ["birds_1"], Protocol.HEAD) == {}
    assert toy_store.runs_of(datasets=["birds_1"]) == []
    assert export_runs(toy_store, tmp_path / "runs.csv") == 2
    assert [row.table for row in toy_store.check().rows] == ["runs"]


def test_a_card_that_changed_is_left_out_with_the_records_that_name_it(toy_store: RecordStore, home: Path) -> None:
    toy_store.add(scores=[Score(source="t", model="vit", dataset="birds_2", name="logme", value=1.0)])
    change(home, """UPDATE datasets SET card = replace(card, '"birds"', '"cirds"') WHERE id = 'birds_2'""")
    zoo = toy_store.snapshot()
    assert sorted(zoo.datasets) == ["birds_1", "pets"]
    assert (len(zoo.runs), len(zoo.scores)) == (3, 0)
    with pytest.raises(StoreError, match=r"The card of 'birds_2' was changed .* --check --repair"):
        toy_store.find_cards(datasets=["birds_2"])


def test_a_card_of_the_first_zoograph_has_no_hash_and_is_read(toy_store: RecordStore, home: Path) -> None:
    change(home, "UPDATE models SET card = json_remove(card, '$.sha256') WHERE id = 'vit'")
    assert sorted(toy_store.cards()[0]) == ["resnet", "vit"]
    assert toy_store.check().is_sound


def test_rows_of_older_stores_are_sound(toy_store: RecordStore, home: Path) -> None:
    """Zeros once kept their sign, and times their zone, in the id that a row was given."""
    noon = datetime(2024, 1, 1, 12, tzinfo=UTC)
    run = Run(source="t", model="vit", dataset="pets", protocol=Protocol.HEAD, value=0.5, measured_at=noon)
    score = Score(source="t", model="vit", dataset="pets", name="logme", value=0.0)
    toy_store.add(runs=[run], scores=[score])
    there = noon.astimezone(timezone(timedelta(hours=5, minutes=30)))
    old = Run.model_construct(**{**run.model_dump(), "measured_at": there}).identity
    change(home, "UPDATE runs SET id = ? WHERE id = ?", old, run.identity)
    signed = Score.model_construct(**{**score.model_dump(), "value": -0.0}).identity
    assert signed != score.identity
    change(home, "UPDATE scores SET id = ? WHERE id = ?", signed, score.identity)
    assert toy_store.check().is_sound


def test_columns_come_in_the_order_that_was_asked_for(toy_store: RecordStore) -> None:
    with begin(toy_store._engine) as connection:
        rows, damaged = read_sound(connection, schema.runs, ("value", "batch"), schema.runs.c.dataset == "birds_1")
    assert (rows, damaged) == ([(0.5, "shipped")], [])
