"""Names of the transferability scores, for who has to check one before the scores themselves are imported."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from zoograph.data.errors import UnknownName
from zoograph.data.records.naming.spellings import SCORE_NAMES

__all__ = ["SCORE_NAMES", "require_known"]


def require_known(names: Iterable[str]) -> None:
    """Raise unless every name is a score.

    Raises:
        UnknownName: with the nearest names.
    """
    for name in names:
        if name not in SCORE_NAMES:
            raise UnknownName("score", name, difflib.get_close_matches(name, SCORE_NAMES, n=5, cutoff=0.0))
