"""Every transferability score by name, and the functions that compute many of them at once."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch

from zoograph.data.errors import UnknownName
from zoograph.graphs.scores.gbc import gbc_of
from zoograph.graphs.scores.h_score import h_score_of
from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.knn import knn_of
from zoograph.graphs.scores.leep import leep_of
from zoograph.graphs.scores.lfc import lfc_of
from zoograph.graphs.scores.logistic import logistic_of
from zoograph.graphs.scores.logme import logme_of
from zoograph.graphs.scores.moments import decompose_together
from zoograph.graphs.scores.nce import nce_of
from zoograph.graphs.scores.nleep import nleep_of
from zoograph.graphs.scores.otce import ot_nce_of, otce_of
from zoograph.graphs.scores.pactran import pactran_dirichlet_of, pactran_gamma_of, pactran_gauss_of
from zoograph.graphs.scores.parc import parc_of
from zoograph.graphs.scores.regularized_h_score import regularized_h_score_of
from zoograph.graphs.scores.sfda import sfda_of
from zoograph.graphs.scores.transrate import transrate_of
from zoograph.graphs.scores.undefined import UndefinedScore

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

# Scores that read `ScoreInputs.moments.spectrum`, whose decompositions a batch shares.
_SPECTRAL = frozenset({"logme"})
_MAX_STACKED = 2**26  # features: 512 MiB in float64


def compute_scores(inputs: ScoreInputs, names: Iterable[str] | None = None) -> dict[str, float | UndefinedScore]:
    """Compute scores of one model on one dataset, sharing what they have in common.

    Args:
        inputs: features, labels and what is known of the source.
        names: keys of :data:`SCORES`; None is all those whose needs the inputs meet.

    Returns:
        For each name a finite number, higher is better, or the :class:`UndefinedScore` that says why there is none.

    Raises:
        UnknownName: if a name is no key of :data:`SCORES`.
    """
    return {spec.name: _compute(spec, inputs) for spec in _chosen(inputs, names)}


def compute_scores_batch(
    inputs: Sequence[ScoreInputs], names: Iterable[str] | None = None
) -> list[dict[str, float | UndefinedScore]]:
    """Compute scores of many pairs: :func:`compute_scores` of each, with decompositions of equal shapes batched.

    Raises:
        UnknownName: if a name is no key of :data:`SCORES`.
    """
    wanted = None if names is None else tuple(names)
    chosen = [_chosen(one, wanted) for one in inputs]
    results: list[dict[str, float | UndefinedScore]] = [{} for _ in inputs]
    for stack in _stacks(inputs):
        fresh = [replace(inputs[index]) for index in stack]  # what they share is freed with the stack
        if any(spec.name in _SPECTRAL for index in stack for spec in chosen[index]):
            decompose_together([one.moments for one in fresh])
        for index, one in zip(stack, fresh, strict=True):
            results[index] = {spec.name: _compute(spec, one) for spec in chosen[index]}
    return results


def _stacks(inputs: Sequence[ScoreInputs]) -> Iterator[list[int]]:
    """Yield the positions of inputs that are decomposed together: Gram matrices of one shape, bounded memory."""
    groups: dict[tuple[int, torch.device], list[int]] = {}
    for index, one in enumerate(inputs):
        groups.setdefault((min(one.features.shape), one.features.device), []).append(index)
    for group in groups.values():
        step = max(1, _MAX_STACKED // max(inputs[index].features.numel() for index in group))
        for start in range(0, len(group), step):
            yield group[start : start + step]


def find_score(name: str) -> ScoreSpec:
    """Return a score by name.

    Raises:
        UnknownName: with the nearest names, if there is none of this name.
    """
    if name not in SCORES:
        raise UnknownName("score", name, difflib.get_close_matches(name, SCORES) or list(SCORES))
    return SCORES[name]


def _chosen(inputs: ScoreInputs, names: Iterable[str] | None) -> list[ScoreSpec]:
    if names is None:
        return [spec for spec in SCORES.values() if spec.needs <= _met(inputs)]
    return [find_score(name) for name in names]


def _met(inputs: ScoreInputs) -> set[str]:
    given = {PROBABILITIES: inputs.source_probabilities, SOURCE_TASK: inputs.source_features}
    return {need for need, value in given.items() if value is not None}


def _compute(spec: ScoreSpec, inputs: ScoreInputs) -> float | UndefinedScore:
    missing = spec.needs - _met(inputs)
    if missing:
        return UndefinedScore(f"it needs {' and '.join(sorted(missing))}, which the inputs lack")
    try:
        value = spec.compute(inputs)
    except UndefinedScore as undefined:
        return undefined
    return value if math.isfinite(value) else UndefinedScore("it leaves the range of floating-point numbers")
