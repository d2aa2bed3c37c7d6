"""Names of the transferability scores, for who has to check one before the scores themselves are imported."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from zoograph.data.errors import UnknownName

SCORE_NAMES = (
    "logme",
    "h_score",
    "regularized_h_score",
    "transrate",
    "lfc",
    "sfda",
    "pactran_gauss",
    "pactran_dirichlet",
    "pactran_gamma",
    "nleep",
    "parc",
    "gbc",
    "knn",
    "logistic",
    "leep",
    "nce",
    "otce",
    "ot_nce",
)
"""All of them, in the order of the registry; importing them takes no torch."""


def require_known(names: Iterable[str]) -> None:
    """Raise unless every name is a score.

    Raises:
        UnknownName: with the nearest names.
    """
    for name in names:
        if name not in SCORE_NAMES:
            raise UnknownName("score", name, difflib.get_close_matches(name, SCORE_NAMES, n=5, cutoff=0.0))
