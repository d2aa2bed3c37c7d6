"""Names of a fixed list, such as protocols and metrics, given as strings."""

from __future__ import annotations

import difflib
from enum import StrEnum
from typing import TypeVar

from zoograph.data.errors import UnknownName

Choice = TypeVar("Choice", bound=StrEnum)


def choose(kind: type[Choice], name: Choice | str) -> Choice:
    """Return the member of an enumeration that a name means; a member means itself.

    Raises:
        UnknownName: if there is no such member, with the valid names.
    """
    try:
        return kind(name)
    except ValueError as error:
        valid = [member.value for member in kind]
        nearest = difflib.get_close_matches(str(name), valid, n=1)
        hint = f"Valid names: {', '.join(valid)}."
        raise UnknownName(kind.__name__.lower(), str(name), nearest, hint) from error
