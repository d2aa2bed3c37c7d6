"""Bootstraps over families of datasets and over models."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from zoograph.models.method import Prediction
from zoograph.training.evaluation.collections.choosing import Limits
from zoograph.training.evaluation.collections.judging import gather, judge
from zoograph.training.evaluation.collections.questions import PROTOCOLS
from zoograph.training.evaluation.collections.significance import Judged, compare, coverage_interval, draw_models


def judged(part, protocol: str, name: str, error: float, seed: int) -> Judged:
    """Return what the truth with Gaussian noise is worth."""
    generator = torch.Generator().manual_seed(seed)
    answers = []
    for question in PROTOCOLS[protocol](part, Limits(None, None)).questions:
        truth = part.values[question.asked]
        said = truth + error * torch.randn(len(truth), generator=generator, dtype=truth.dtype)
        answers.append((question, Prediction(said, said - 0.1, said + 0.1)))
    return Judged(method=name, cells=gather(part, answers), verdicts=judge(part, answers))


def test_a_better_method_is_better_over_families_and_over_models(part):
    ours, theirs = judged(part, "dataset_out", "ours", 0.01, 0), judged(part, "dataset_out", "theirs", 0.3, 1)
    found = {(versus.measure, versus.units): versus for versus in compare(part, ours, theirs)}
    # Four datasets are three families: d0 and d1 are drawn together.
    assert {units: versus.num_units for (_, units), versus in found.items()} == {"families of datasets": 3, "models": 8}
    for key in (("mae", "models"), ("mae", "families of datasets"), ("orders", "models")):
        assert found[key].upper < 0
    swapped = {(versus.measure, versus.units): versus for versus in compare(part, theirs, ours)}
    for key, versus in found.items():
        assert swapped[key].difference == pytest.approx(-versus.difference)


def test_a_method_against_itself_differs_by_nothing(part):
    ours = judged(part, "model_out", "ours", 0.1, 0)
    for versus in compare(part, ours, ours):
        assert (versus.difference, versus.lower, versus.upper, versus.p) == (0.0, 0.0, 0.0, 1.0)


def test_coverage_has_an_interval_over_families_where_there_are_two(part):
    ours = judged(part, "dataset_out", "ours", 0.05, 0)
    low, high = coverage_interval(part, ours)
    inside = np.concatenate([(c.lower <= c.measured) & (c.measured <= c.upper) for c in ours.cells]).mean()
    assert low <= inside <= high
    one = ours.model_copy(update={"cells": ours.cells[-1:]})
    assert coverage_interval(part, one) is None


def test_models_that_are_only_compared_with_are_never_drawn_away():
    # One left-out model is right, the other wrong, against one that is always there.
    gains, counts = np.zeros((1, 3, 3)), np.zeros((1, 3, 3))
    gains[0, 0, 2], gains[0, 1, 2] = 1.0, -1.0
    counts[0, 0, 2] = counts[0, 1, 2] = 1.0
    found = draw_models(gains, counts, np.array([True, True, False]))
    assert (found.difference, found.lower, found.upper) == (0.0, -1.0, 1.0)
