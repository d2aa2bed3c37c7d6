"""Docstrings hold formulas and references in reStructuredText; the pages of the reference are Markdown."""

from __future__ import annotations

import re
from typing import Any

import griffe

_MATH = re.compile(r"^( *)\.\. math::[ \t]*(.*(?:\n(?:\1 +\S.*|[ \t]*(?=\n\1 +\S)))*)", re.MULTILINE)
_DOCTEST = re.compile(r"^( *)>>> .*(?:\n\1\S.*)*", re.MULTILINE)
_INLINE_MATH = re.compile(r":math:(?=`)")
_ROLE = re.compile(r":(?:class|func|meth|mod|data|attr):`~?([\w.]+)`")


class PlainMarkdown(griffe.Extension):
    """Turn ``.. math::`` and doctests into blocks of code, and roles such as ``:func:`` into links."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = to_markdown(obj.docstring.value)


def to_markdown(text: str) -> str:
    """Return a docstring with formulas fenced and references linked where they name a module of ours."""

    def fence(found: re.Match[str]) -> str:
        lines = [line.strip() for line in found[2].splitlines() if line.strip()]
        return "\n".join(found[1] + line for line in ("```latex", *lines, "```"))

    def link(found: re.Match[str]) -> str:
        name = found[1]
        return f"[`{name.rpartition('.')[2]}`][{name}]" if name.startswith("zoograph.") else f"`{name}`"

    text = _DOCTEST.sub(lambda found: f"{found[1]}```pycon\n{found[0]}\n{found[1]}```", text)
    return _ROLE.sub(link, _INLINE_MATH.sub("", _MATH.sub(fence, text)))
