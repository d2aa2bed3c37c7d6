from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from zoograph.data.records.fields import Count, Fraction, Name, Positive


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Name, "a/b.c", ""),
        (Name, "ViT-L/14", "a\x00b"),
        (Fraction, 0.0, -0.01),
        (Fraction, 1.0, float("nan")),
        (Count, 1, 0),
        (Positive, 1e-9, 0.0),
        (Positive, 1e9, float("inf")),
    ],
)
def test_bounds(kind: Any, good: Any, bad: Any) -> None:
    adapter = TypeAdapter(kind)
    assert adapter.validate_python(good) == good
    with pytest.raises(ValidationError):
        adapter.validate_python(bad)
