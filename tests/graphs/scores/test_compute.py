"""Scores by name: what is computed, what is skipped, and what becomes a reason."""

from __future__ import annotations

import math

import pytest
import torch

from zoograph.data.errors import UnknownName
from zoograph.graphs.scores.compute import compute_scores
from zoograph.graphs.scores.h_score import h_score_regression
from zoograph.graphs.scores.inputs import RealInputs, ScoreInputs
from zoograph.graphs.scores.logme import logme_regression
from zoograph.graphs.scores.registry import SCORES
from zoograph.graphs.scores.regularized_h_score import regularized_h_score_regression
from zoograph.graphs.scores.undefined import UndefinedScore


def _make() -> ScoreInputs:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(60, 8, generator=generator, dtype=torch.float64)
    probabilities = torch.randn(60, 5, generator=generator, dtype=torch.float64).softmax(dim=1)
    source = torch.randn(40, 8, generator=generator, dtype=torch.float64)
    return ScoreInputs(features, torch.arange(60) % 4, probabilities, source, torch.arange(40) % 3)


def test_all_at_once_is_the_same_as_each_alone() -> None:
    steps: list[tuple[int, int]] = []
    together = compute_scores(_make(), progress=lambda *step: steps.append(step))
    assert steps == [(number, len(SCORES)) for number in range(1, len(SCORES) + 1)]
    assert list(together) == list(SCORES)
    for name, value in together.items():
        assert value == compute_scores(_make(), [name])[name]


def test_needs_that_are_not_met_are_skipped_or_named() -> None:
    bare = ScoreInputs(_make().features, _make().labels)
    assert list(compute_scores(bare)) == [name for name, spec in SCORES.items() if not spec.needs]
    for name, spec in SCORES.items():
        if spec.needs:
            (undefined,) = compute_scores(bare, [name]).values()
            assert isinstance(undefined, UndefinedScore)
            assert undefined.reason == f"it needs {' and '.join(sorted(spec.needs))}, which the inputs lack"


def test_a_value_that_is_no_number_becomes_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = SCORES["logme"]._replace(compute=lambda inputs: math.nan)
    monkeypatch.setitem(SCORES, "logme", broken)
    assert str(compute_scores(_make(), ["logme"])["logme"]) == (
        "The score is undefined: it leaves the range of floating-point numbers."
    )


def test_an_unknown_name_is_named() -> None:
    with pytest.raises(UnknownName, match="Unknown score 'logmee'"):
        compute_scores(_make(), ["logmee"])


def test_only_what_is_asked_for_is_computed() -> None:
    assert list(compute_scores(_make(), ["parc", "leep"])) == ["parc", "leep"]


def test_real_targets_have_the_scores_that_are_defined_for_them() -> None:
    features = _make().features
    targets = features[:, :1] + 0.5 * features[:, 1:2].square()
    found = compute_scores(RealInputs(features, targets))
    assert found == {
        "logme": logme_regression(features, targets),
        "h_score": h_score_regression(features, targets),
        "regularized_h_score": regularized_h_score_regression(features, targets),
    }
    others = compute_scores(RealInputs(features, targets), [name for name in SCORES if name not in found])
    assert {str(value) for value in others.values()} == {
        "The score is undefined: it needs classes, and these targets are real values."
    }
    assert len(others) == 15
