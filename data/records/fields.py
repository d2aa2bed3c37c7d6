"""Kinds of fields that cards and records share."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field


def in_utc(moment: datetime) -> datetime:
    """Return the same moment in UTC; one without a zone is taken as UTC.

    Raises:
        ValueError: if it is too early or too late for that.
    """
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"the time '{moment.isoformat()}' has no equal in UTC") from error


def as_settings(content: Any) -> Any:
    """Return settings with one form for each number: 0.0 for −0.0, and nothing for what is not finite."""
    if isinstance(content, float):
        return content + 0.0 if math.isfinite(content) else None
    if isinstance(content, dict):
        return {str(name): as_settings(value) for name, value in content.items()}
    return [as_settings(value) for value in content] if isinstance(content, list | tuple) else content


def say_fault(error: Mapping[str, Any]) -> str:
    """Return what is wrong with a field, as one of pydantic's errors says it, in words that follow its name.

    >>> say_fault({"msg": "Input should be greater than or equal to 1"})
    'it should be greater than or equal to 1'
    """
    said = str(error["msg"]).removeprefix("Value error, ")
    if said in _FAULTS:
        return _FAULTS[said]
    return re.sub(r"^(Input|String|Tuple|List|Dictionary|Value) should", "it should", said)


_FAULTS = {"Field required": "it is missing", "Extra inputs are not permitted": "there is no such field"}

Name = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]+$")]
Word = Annotated[Name, AfterValidator(str.lower)]
"""One that means the same in capitals."""
Fraction = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
"""One that a database has room for."""
Count = Annotated[int, Field(ge=1, lt=2**63)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Moment = Annotated[datetime, AfterValidator(in_utc)]
Settings = Annotated[dict[str, Any], AfterValidator(as_settings)]
