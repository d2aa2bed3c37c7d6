"""Cells of exported CSV: a spreadsheet must show them, never run them, and `zoograph ingest` must read them back."""

from __future__ import annotations

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def guard(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula.

    >>> guard("=1+1"), guard("resnet")
    ("'=1+1", 'resnet')
    """
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA_STARTS) else text


def unguard(text: str) -> str:
    """Take the apostrophe of :func:`guard` away again.

    >>> unguard("'=1+1"), unguard("'s Hertogenbosch")
    ('=1+1', "'s Hertogenbosch")
    """
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_FORMULA_STARTS) else text
