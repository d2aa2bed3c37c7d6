"""JSON on stdout, one shape for all commands: a schema version, what the command found, and its notes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from zoograph.scripts.terminal.messages import current_messages

SCHEMAS = {
    "error": 1,
    "predict": 1,
    "recommend": 2,
    "choose": 1,
    "explain": 1,
    "serve": 1,
    "score": 1,
    "measure": 1,
    "relatedness": 1,
    "plan": 1,
    "analyze distance": 1,
    "analyze influence": 1,
    "ingest": 1,
    "undo": 1,
    "undo --list": 1,
    "export": 1,
    "retrain": 1,
    "versions": 1,
    "rollback": 1,
    "prune": 1,
    "status": 2,
    "picture": 1,
    "benchmark": 1,
    "benchmark collections": 1,
    "benchmark choose": 1,
    "benchmark warm": 1,
    "benchmark scale": 1,
    "benchmark hub": 1,
    "benchmark sizes": 1,
    "benchmark scores": 1,
    "benchmark devices": 1,
    "benchmark loader": 1,
    "benchmark relatedness": 1,
    "benchmark distance": 1,
    "benchmark influence": 1,
    "benchmark influence --planted": 1,
    "benchmark influence --speed": 1,
    "benchmark ingest": 1,
    "benchmark serve": 1,
    "benchmark replay": 1,
    "benchmark poison": 1,
    "benchmark champions": 1,
    "benchmark language": 1,
    "benchmark reliability": 1,
    "zoo list models": 1,
    "zoo list datasets": 1,
    "zoo list collections": 1,
    "zoo show": 1,
    "zoo build": 1,
    "zoo train": 1,
    "zoo measure glyphs": 1,
    "zoo measure influences": 1,
    "zoo measure public": 1,
    "text build": 1,
}
"""Version of the JSON of each command. It rises when a field goes or changes its meaning; ``docs/json.md`` has them."""


def print_json(command: str, content: Mapping[str, Any], notes: Sequence[str] = (), *, indent: int | None = 1) -> None:
    """Print one document."""
    print(json.dumps(make_document(command, content, notes), indent=indent, default=str), flush=True)


def make_document(command: str, content: Mapping[str, Any], notes: Sequence[str]) -> dict[str, Any]:
    """Return ``schema`` first, then ``content``, and last ``notes``, what was warned of included."""
    return {"schema": SCHEMAS[command], **content, "notes": list(dict.fromkeys((*current_messages().warnings, *notes)))}


def print_error(kind: str, message: str, exit_code: int) -> None:
    """Print the document of an error, which has no notes."""
    error = {"kind": kind, "message": message, "exit_code": exit_code}
    print(json.dumps({"schema": SCHEMAS["error"], "error": error}), flush=True)
