"""The planted case: what helps, hurts and does nothing by construction is ranked so, and removals follow."""

from __future__ import annotations

import numpy as np
import pytest

from zoograph.training.analysis.influence.ensembles import EnsembleRunner
from zoograph.training.studies.influence.planted import KINDS, area_under_curve, make_planted_case
from zoograph.training.studies.influence.report import PlantedReport
from zoograph.training.studies.influence.study import run_planted


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> PlantedReport:
    lab = EnsembleRunner(tmp_path_factory.mktemp("planted"), lambda function, *arguments: lambda: function(*arguments))
    return run_planted(lab, models=32, removed=(1 / 3,), repeats=1)


def test_influences_are_ranked_as_planted(report: PlantedReport) -> None:
    """A sixth of the models that the stated figures rest on: helping and hurting classes are apart already."""
    for areas in report.areas.values():
        assert areas["help above hurt"] >= 0.9
        assert areas["help above inert"] >= 0.7
        assert areas["inert above hurt"] >= 0.7
    assert report.means["help"] > report.error
    assert report.means["hurt"] < -report.error
    assert abs(report.means["inert"]) < report.error


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
    assert make_planted_case().source.digest == case.source.digest
    assert make_planted_case(seed=1).source.digest != case.source.digest


def test_area_under_curve() -> None:
    low, high = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert area_under_curve(high, low) == 1.0
    assert area_under_curve(low, high) == 0.0
    assert area_under_curve(low, low) == 0.5
