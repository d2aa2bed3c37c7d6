"""JSON that is sent: compact, and never with a number that is none."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response


def to_json(document: Any) -> bytes:
    """Return a document as JSON in UTF-8; infinities and what is no number become null.

    >>> to_json({"a": float("nan"), "b": (1, 0.5)})
    b'{"a":null,"b":[1,0.5]}'
    """
    try:
        return _dump(document)
    except ValueError:
        return _dump(_finite(document))


def respond(document: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """Return the response of a document."""
    return Response(to_json(document), status, dict(headers or {}), "application/json")


def _dump(document: Any) -> bytes:
    text = json.dumps(document, allow_nan=False, separators=(",", ":"), ensure_ascii=False, default=str)
    return text.encode("utf-8", "replace")


def _finite(part: Any) -> Any:
    if isinstance(part, float):
        return part if math.isfinite(part) else None
    if isinstance(part, Mapping):
        return {key: _finite(value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_finite(value) for value in part]
    return part
