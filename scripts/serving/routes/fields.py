"""What ``ingest`` says, in the words of a request: fields of the query in the place of options of the command."""

from __future__ import annotations

import re

_FIELDS = ("map", "model", "dataset", "protocol", "metric", "unit", "keep", "scores", "score", "source", "add-unknown")
_SWITCHES = frozenset({"scores", "add-unknown"})
_OPTION = re.compile(rf"(?<![\w'-])--({'|'.join(_FIELDS)})(?![\w-])(?: (?=(NAME|percent|fraction|last|best|[\w.]+=)))?")
# What the name of a file says of its kind, the header of a request says.
_KINDS = {
    "let it end in '.jsonl'": "send it as application/x-ndjson",
    "A file that is one document ends in '.json'.": "One document is sent as application/json.",
}


def as_fields(text: str) -> str:
    """Return a sentence that names fields of a request where it named options of ``zoograph ingest``.

    >>> as_fields("Say which: --map value=acc. Say --unit percent, or use --add-unknown; --protocol says otherwise.")
    "Say which: map=value=acc. Say unit=percent, or use add_unknown=true; 'protocol' says otherwise."
    """
    for said, meant in _KINDS.items():
        text = text.replace(said, meant)
    return _OPTION.sub(_name, text)


def _name(found: re.Match[str]) -> str:
    name = found[1].replace("-", "_")
    if found[1] in _SWITCHES:
        return f"{name}=true"
    return f"{name}=" if found[2] else f"'{name}'"
