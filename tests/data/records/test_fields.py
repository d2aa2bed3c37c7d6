"""Fields that cards and records share: times are in UTC, so that one moment is one record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from zoograph.data.records.fields import in_utc
from zoograph.data.records.records import Run


def test_one_moment_in_two_zones_is_one_run() -> None:
    noon = datetime(2024, 1, 1, 12, tzinfo=UTC)
    times = (noon, noon.astimezone(timezone(timedelta(hours=2))), noon.replace(tzinfo=None))
    run = {"source": "t", "model": "m", "dataset": "d", "protocol": "head", "value": 0.5}
    assert len({Run.model_validate({**run, "measured_at": time}).identity for time in times}) == 1


@pytest.mark.parametrize("field", ["train_size", "shots", "seed"])
def test_a_number_that_no_database_has_room_for_is_refused(field: str) -> None:
    run = {"source": "t", "model": "m", "dataset": "d", "protocol": "head", "value": 0.5}
    assert Run.model_validate({**run, field: 2**63 - 1})
    with pytest.raises(ValidationError, match=f"{field}\n  Input should be less than"):
        Run.model_validate({**run, field: 2**63})


def test_a_time_that_has_no_equal_in_utc_is_refused() -> None:
    with pytest.raises(ValueError, match="has no equal in UTC"):
        in_utc(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2))))
