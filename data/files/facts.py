"""Files of facts that are either whole or not there: JSON with a hash of its content."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from zoograph.data.files.atomic import replace_file

_FACTS, _HASH = "facts", "sha256"


def save_facts(path: Path, facts: Any) -> None:
    """Write what JSON can hold in one step, with its hash: whoever reads meanwhile sees the old file or the new one.

    Raises:
        OSError: if the file cannot be written.
    """
    replace_file(path, seal_facts(facts))


def seal_facts(facts: Any) -> str:
    """Return the content of the file that :func:`save_facts` writes."""
    return json.dumps({_FACTS: facts, _HASH: hash_json(facts)}, indent=1) + "\n"


def load_facts(path: Path) -> Any:
    """Return what :func:`save_facts` wrote. A file of the first zoograph, which has no hash, is read as it is.

    Raises:
        FileNotFoundError: if there is no file.
        OSError: if it cannot be read.
        ValueError: if it is not what was written.
    """
    held = json.loads(path.read_bytes())
    if not isinstance(held, dict) or not held.keys() & {_FACTS, _HASH}:
        return held
    if held.keys() != {_FACTS, _HASH} or hash_json(held[_FACTS]) != held[_HASH]:
        raise ValueError(f"the content of '{path}' does not agree with its hash")
    return held[_FACTS]


def hash_json(content: Any) -> str:
    """Return SHA-256 of what JSON can hold, in any order of its keys.

    >>> hash_json({"a": 1, "b": 2}) == hash_json({"b": 2, "a": 1})
    True
    """
    as_read = json.loads(json.dumps(content))  # keys are words by then
    return hashlib.sha256(json.dumps(as_read, sort_keys=True).encode()).hexdigest()
