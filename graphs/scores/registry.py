"""Every transferability score by name, and the functions that compute many of them at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import NamedTuple

from zoograph.data.errors import UnknownName
from zoograph.graphs.scores.gbc import gbc_of
from zoograph.graphs.scores.h_score import h_score_of
from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.knn import knn_of
from zoograph.graphs.scores.leep import leep_of
from zoograph.graphs.scores.lfc import lfc_of
from zoograph.graphs.scores.logistic import logistic_of
from zoograph.graphs.scores.logme import logme_of
from zoograph.graphs.scores.nce import nce_of
from zoograph.graphs.scores.nleep import nleep_of
from zoograph.graphs.scores.otce import ot_nce_of, otce_of
from zoograph.graphs.scores.pactran import pactran_dirichlet_of, pactran_gamma_of, pactran_gauss_of
from zoograph.graphs.scores.parc import parc_of
from zoograph.graphs.scores.regularized_h_score import regularized_h_score_of
from zoograph.graphs.scores.sfda import sfda_of
from zoograph.graphs.scores.transrate import transrate_of

PROBABILITIES, SOURCE_TASK = "source_probabilities", "source_task"

_NOTHING: frozenset[str] = frozenset()


class ScoreSpec(NamedTuple):
    """A score as the rest of the project sees it.

    Attributes:
        name: the key of records and commands.
        title: the name for people.
        compute: the score of prepared inputs; higher means that better transfer is expected.
        needs: what it needs beside features and labels, out of "source_probabilities" and "source_task".
        paper: authors, title, venue and year.
    """

    name: str
    title: str
    compute: Callable[[ScoreInputs], float]
    needs: frozenset[str]
    paper: str


_SPECS = (
    ScoreSpec(
        "logme",
        "LogME",
        logme_of,
        _NOTHING,
        "You et al., LogME: Practical Assessment of Pre-trained Models for Transfer Learning, ICML 2021",
    ),
    ScoreSpec(
        "h_score",
        "H-score",
        h_score_of,
        _NOTHING,
        "Bao et al., An Information-Theoretic Approach to Transferability in Task Transfer Learning, ICIP 2019",
    ),
    ScoreSpec(
        "regularized_h_score",
        "regularised H-score",
        regularized_h_score_of,
        _NOTHING,
        "Ibrahim et al., Newer is not always better: Rethinking transferability metrics, ECML-PKDD 2022",
    ),
    ScoreSpec(
        "transrate",
        "TransRate",
        transrate_of,
        _NOTHING,
        "Huang et al., Frustratingly Easy Transferability Estimation, ICML 2022",
    ),
    ScoreSpec(
        "lfc",
        "LFC",
        lfc_of,
        _NOTHING,
        "Deshpande et al., A linearized framework and a new benchmark for model selection for fine-tuning, 2021",
    ),
    ScoreSpec(
        "sfda",
        "SFDA",
        sfda_of,
        _NOTHING,
        "Shao et al., Not All Models Are Equal: Predicting Model Transferability in a Self-challenging Fisher Space, "
        "ECCV 2022",
    ),
    ScoreSpec(
        "pactran_gauss",
        "PACTran-Gauss",
        pactran_gauss_of,
        _NOTHING,
        "Ding et al., PACTran: PAC-Bayesian Metrics for Estimating the Transferability of Pretrained Models to "
        "Classification Tasks, ECCV 2022",
    ),
    ScoreSpec(
        "pactran_dirichlet",
        "PACTran-Dirichlet",
        pactran_dirichlet_of,
        frozenset({PROBABILITIES}),
        "Ding et al., PACTran, ECCV 2022",
    ),
    ScoreSpec(
        "pactran_gamma",
        "PACTran-Gamma",
        pactran_gamma_of,
        frozenset({PROBABILITIES}),
        "Ding et al., PACTran, ECCV 2022",
    ),
    ScoreSpec(
        "nleep",
        "NLEEP",
        nleep_of,
        _NOTHING,
        "Li et al., Ranking Neural Checkpoints, CVPR 2021",
    ),
    ScoreSpec(
        "parc",
        "PARC",
        parc_of,
        _NOTHING,
        "Bolya et al., Scalable Diverse Model Selection for Accessible Transfer Learning, NeurIPS 2021",
    ),
    ScoreSpec(
        "gbc",
        "GBC",
        gbc_of,
        _NOTHING,
        "Pandy et al., Transferability Estimation using Bhattacharyya Class Separability, CVPR 2022",
    ),
    ScoreSpec(
        "knn",
        "1-NN",
        knn_of,
        _NOTHING,
        "Bolya et al., Scalable Diverse Model Selection for Accessible Transfer Learning, NeurIPS 2021",
    ),
    ScoreSpec(
        "logistic",
        "logistic regression",
        logistic_of,
        _NOTHING,
        "Bolya et al., Scalable Diverse Model Selection for Accessible Transfer Learning, NeurIPS 2021",
    ),
    ScoreSpec(
        "leep",
        "LEEP",
        leep_of,
        frozenset({PROBABILITIES}),
        "Nguyen et al., LEEP: A New Measure to Evaluate Transferability of Learned Representations, ICML 2020",
    ),
    ScoreSpec(
        "nce",
        "NCE",
        nce_of,
        frozenset({PROBABILITIES}),
        "Tran et al., Transferability and Hardness of Supervised Classification Tasks, ICCV 2019",
    ),
    ScoreSpec(
        "otce",
        "OTCE",
        otce_of,
        frozenset({SOURCE_TASK}),
        "Tan et al., OTCE: A Transferability Metric for Cross-Domain Cross-Task Representations, CVPR 2021",
    ),
    ScoreSpec(
        "ot_nce",
        "OT-NCE",
        ot_nce_of,
        frozenset({SOURCE_TASK}),
        "Tan et al., Transferability-Guided Cross-Domain Cross-Task Transfer Learning, TNNLS 2024",
    ),
)

SCORES: dict[str, ScoreSpec] = {spec.name: spec for spec in _SPECS}


def find_score(name: str) -> ScoreSpec:
    """Return a score by name.

    Raises:
        UnknownName: with the nearest names, if there is none of this name.
    """
    if name not in SCORES:
        raise UnknownName("score", name, difflib.get_close_matches(name, SCORES) or list(SCORES))
    return SCORES[name]
