"""Every transferability score by name, in the order in which they are shown."""

from __future__ import annotations

import difflib

from zoograph.data.errors import UnknownName
from zoograph.graphs.scores.gbc import gbc
from zoograph.graphs.scores.h_score import h_score
from zoograph.graphs.scores.knn import knn
from zoograph.graphs.scores.leep import leep
from zoograph.graphs.scores.lfc import lfc
from zoograph.graphs.scores.logistic import logistic
from zoograph.graphs.scores.logme import logme
from zoograph.graphs.scores.nce import nce
from zoograph.graphs.scores.nleep import nleep
from zoograph.graphs.scores.otce import ot_nce, otce
from zoograph.graphs.scores.pactran import pactran_dirichlet, pactran_gamma, pactran_gauss
from zoograph.graphs.scores.parc import parc
from zoograph.graphs.scores.regularized_h_score import regularized_h_score
from zoograph.graphs.scores.sfda import sfda
from zoograph.graphs.scores.spec import Score, ScoreSpec
from zoograph.graphs.scores.transrate import transrate

SCORES: dict[str, ScoreSpec] = {}


def register_score(score: Score) -> None:
    """Let a score be found by its name.

    Raises:
        ValueError: if the name is taken.
    """
    if score.spec.name in SCORES:
        raise ValueError(f"The score name '{score.spec.name}' is taken.")
    SCORES[score.spec.name] = score.spec


def find_score(name: str) -> ScoreSpec:
    """Return a score by name.

    Raises:
        UnknownName: with the nearest names, if there is none of this name.
    """
    if name not in SCORES:
        raise UnknownName("score", name, difflib.get_close_matches(name, SCORES) or list(SCORES))
    return SCORES[name]


register_score(logme)
register_score(h_score)
register_score(regularized_h_score)
register_score(transrate)
register_score(lfc)
register_score(sfda)
register_score(pactran_gauss)
register_score(pactran_dirichlet)
register_score(pactran_gamma)
register_score(nleep)
register_score(parc)
register_score(gbc)
register_score(knn)
register_score(logistic)
register_score(leep)
register_score(nce)
register_score(otce)
register_score(ot_nce)
