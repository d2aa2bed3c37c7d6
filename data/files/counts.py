"""Counts in words: how many of a thing there are, and the first of them, as a sentence says it."""

from __future__ import annotations

from collections.abc import Sequence


def count_of(number: int, one: str, several: str | None = None) -> str:
    """Return a number and what there is of it, in the singular if it is one.

    >>> count_of(1, "model"), count_of(1234, "model"), count_of(2, "file is", "files are")
    ('1 model', '1,234 models', '2 files are')

    Args:
        number: how many there are.
        one: what one is called; the words after it may be part of this, such as a verb.
        several: what none, or more than one, is called; default: with an "s" at its end.
    """
    return f"{number:,} {one}" if number == 1 else f"{number:,} {f'{one}s' if several is None else several}"


def some(names: Sequence[str], most: int = 10) -> str:
    """Return the first names in quotes, and how many more there are; see :func:`some_of`.

    >>> some(["cat", "dog", "owl"], 1)
    "'cat' and 2 more"
    """
    return some_of([repr(name) for name in names], most)


def some_of(words: Sequence[str], most: int) -> str:
    """Return the first words, and how many more there are.

    Args:
        words: of things that are listed.
        most: that are named.
    """
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most:,} more"
