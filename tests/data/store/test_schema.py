"""Types of the tables: times in UTC, wide integers, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from zoograph.data.store.store import RecordStore
from zoograph.data.testing.own_runs import own_run

pytestmark = pytest.mark.usefixtures("database_url")  # every test runs on both databases


def test_times_are_kept_in_utc(toy_store: RecordStore) -> None:
    noon = datetime(2024, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    toy_store.add(runs=[own_run(0.1, measured_at=noon), own_run(0.2, measured_at=noon.replace(tzinfo=None))])
    rows = {row[0]: row[1] for part in toy_store.stream_runs(("value", "measured_at")) for row in part}
    assert rows[0.1] == noon
    assert rows[0.1].utcoffset() == timedelta(0)
    assert rows[0.2] == datetime(2024, 1, 1, 12, tzinfo=UTC)


def test_wide_seeds_are_kept(toy_store: RecordStore) -> None:
    assert toy_store.add(runs=[own_run(0.1, seed=2**40)]) == 1
