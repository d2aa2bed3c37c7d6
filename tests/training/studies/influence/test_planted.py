"""The planted case: what helps, hurts and does nothing by construction is ranked so, and removals follow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zoograph.training.analysis.influence import jobs
from zoograph.training.analysis.influence.ensembles import EnsembleRunner
from zoograph.training.studies.influence.planted import KINDS, area_under_curve, make_planted_case
from zoograph.training.studies.influence.report import PlantedReport
from zoograph.training.studies.influence.study import run_planted


def here(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """Do a call in this process, when it is waited for."""
    return lambda: function(*arguments)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> PlantedReport:
    return run_planted(EnsembleRunner(tmp_path_factory.mktemp("planted"), here), models=32, removed=(1 / 3,), repeats=1)


def _as_planted(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """Stand for models that are right 2 % more often for each helping class that they saw, 2 % less for a hurting one.

    The weights of such a model are which classes it saw.
    """
    if function is jobs.train_block:
        seen = arguments[-1].keep.astype(np.float32)
        padded = np.pad(seen, [(0, 0), (0, _count_weights() - seen.shape[1])])
        return lambda: [{"weights": row, "accuracy": np.float32(0)} for row in padded]
    effect = 0.02 * (np.repeat(KINDS, 8) == "help") - 0.02 * (np.repeat(KINDS, 8) == "hurt")
    reached = 0.5 + arguments[-2][:, :24] @ effect
    return lambda: [{"outcomes": np.full((3, 240), value, np.float32)} for value in reached]


def _count_weights() -> int:
    return sum(parameter.numel() for parameter in make_planted_case().recipe.create(24).parameters())


def test_models_that_behave_as_planted_are_reported_so(tmp_path: Path) -> None:
    report = run_planted(EnsembleRunner(tmp_path, _as_planted), models=64, removed=(1 / 3,), repeats=1)
    assert report.num_models == 64
    for areas in report.areas.values():
        assert areas["help above hurt"] == 1.0
        assert min(areas.values()) >= 0.9
    assert report.means["help"] == pytest.approx(0.02, abs=0.005)
    assert report.means["hurt"] == pytest.approx(-0.02, abs=0.005)
    assert abs(report.means["inert"]) < report.error
    reached = {point.way: point.mean for point in report.curve}
    assert reached["nothing"] == pytest.approx(0.5)
    assert reached["top"] <= 0.501 - 7 * 0.02  # a third of the classes is as many as help
    assert reached["bottom"] >= 0.499 + 7 * 0.02


@pytest.mark.slow
def test_influences_are_ranked_as_planted(report: PlantedReport) -> None:
    """A sixth of the models that the stated figures rest on: helping and hurting classes are apart already."""
    for areas in report.areas.values():
        assert areas["help above hurt"] >= 0.9
        assert areas["help above inert"] >= 0.7
        assert areas["inert above hurt"] >= 0.7
    assert report.means["help"] > report.error
    assert report.means["hurt"] < -report.error
    assert abs(report.means["inert"]) < report.error


@pytest.mark.slow
def test_accuracy_after_removals_is_in_order(report: PlantedReport) -> None:
    reached = {point.way: point.mean for point in report.curve}
    assert reached["top"] < reached["random"] < reached["bottom"]
    assert reached["top"] < reached["nothing"] - 0.05


def test_case_is_as_it_says() -> None:
    case = make_planted_case()
    assert case.kinds.tolist() == [kind for kind in KINDS for _ in range(8)]
    assert len(case.source.classes) == len(case.kinds) == 24
    assert case.source.train_images.shape[1:] == (32, 32)
    spread = case.source.train_images.reshape(len(case.source.train_labels), -1).std(axis=1)
    inert = np.isin(case.source.train_labels, np.flatnonzero(case.kinds == "inert"))
    assert spread[inert].max() < spread[~inert].min()
    seen = {image.tobytes() for image in case.source.train_images} | {x.tobytes() for x in case.target.train_images}
    assert not any(image.tobytes() in seen for image in case.target.test_images)
    assert make_planted_case.__wrapped__().source.digest == case.source.digest  # drawn once more
    assert make_planted_case(seed=1).source.digest != case.source.digest


def test_area_under_curve() -> None:
    low, high = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert area_under_curve(high, low) == 1.0
    assert area_under_curve(low, high) == 0.0
    assert area_under_curve(low, low) == 0.5
