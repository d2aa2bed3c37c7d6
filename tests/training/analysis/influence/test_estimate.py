"""Estimates, their warnings and their rows, on outcomes that are known by construction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zoograph.data.errors import ZoographError
from zoograph.training.analysis.influence.ensembles import Ensemble, EnsembleRunner
from zoograph.training.analysis.influence.estimate import Estimate, estimate, influence_by_example, influence_rows
from zoograph.training.analysis.influence.jobs import OUTCOMES
from zoograph.training.analysis.influence.members import Members
from zoograph.training.analysis.influence.small_tasks import SmallTask
from zoograph.training.studies.influence.planted import make_planted_case

# What having seen each of 24 classes adds to every outcome.
EFFECTS = np.linspace(-0.1, 0.13, 24)


class Known(Ensemble):
    """An ensemble whose outcomes are sums of effects and noise; those on the first class of the target are doubled."""

    def transfer(self, target: SmallTask) -> Any:
        keep = self.members.keep
        base = 0.5 + keep @ EFFECTS
        noise = np.random.default_rng(0).normal(size=(len(keep), len(target.test_labels))) * 0.01
        scale = np.where(target.test_labels == 0, 2.0, 1.0)
        outcome = base[:, None] * scale + noise
        return {"outcomes": np.stack([outcome, 3 * outcome, -outcome], axis=1).astype(np.float32)}


@pytest.fixture(scope="module")
def target() -> SmallTask:
    return make_planted_case().target


def known(folder: Path, count: int, keep: np.ndarray | None = None) -> Ensemble:
    lab = EnsembleRunner(folder, lambda *call: lambda: None)
    made = lab.random_ensemble(make_planted_case().source, count)
    members = made.members if keep is None else Members(keep, tuple(range(len(keep))))
    return Known(made.source, made.unit, members, made.recipe, made.folder, lab)


@pytest.fixture(scope="module")
def found(target: SmallTask, tmp_path_factory: pytest.TempPathFactory) -> Estimate:
    return estimate(known(tmp_path_factory.mktemp("known"), 400), target)


def test_effects_are_found(found: Estimate, target: SmallTask) -> None:
    # A class is seen together with 11 of the 23 others, instead of 12: their effects are subtracted in part.
    wanted = (EFFECTS - (EFFECTS.sum() - EFFECTS) / 23) * 9 / 8
    assert np.abs(found.overall - wanted).max() < 4 * found.errors.max()
    assert np.corrcoef(found.overall, EFFECTS)[0, 1] > 0.95
    assert np.allclose(found.by_class.mean(axis=0), found.overall)
    assert np.allclose(found.by_class[0], 2 * found.by_class[1], atol=0.01)
    assert found.by_class.shape == found.class_errors.shape == (8, 24)
    assert found.reliability > 0.8
    assert found.warning() is None
    assert found.num_models == 400
    assert found.order()[0] < 6
    assert found.order()[-1] > 17


def test_examples_average_to_the_estimate(found: Estimate, target: SmallTask, tmp_path: Path) -> None:
    by_example = influence_by_example(known(tmp_path, 400), target)
    assert by_example.values.shape == (len(target.test_labels), 24)
    assert np.allclose(by_example.values.mean(axis=0), found.overall, atol=1e-7)


@pytest.mark.parametrize(("outcome", "factor"), [("margin", 3.0), ("probability", -1.0)])
def test_other_outcomes(found: Estimate, target: SmallTask, tmp_path: Path, outcome: str, factor: float) -> None:
    assert np.allclose(estimate(known(tmp_path, 400), target, outcome).overall, factor * found.overall, atol=1e-6)


def test_too_few_models_are_said_with_the_standard_error(target: SmallTask, tmp_path: Path) -> None:
    few = estimate(known(tmp_path, 8), target)
    assert few.warning() is not None
    error = np.sqrt(np.mean(np.square(few.errors[few.defined])))
    assert f"8 models are too few to rank these: the standard error is {error:.4f}" in str(few.warning())


def test_target_class_without_test_images_has_no_influence(target: SmallTask, tmp_path: Path) -> None:
    kept = target.test_labels != 3
    part = replace(target, test_images=target.test_images[kept], test_labels=target.test_labels[kept])
    found = estimate(known(tmp_path, 60), part)
    assert np.isinf(found.class_errors[3]).all()
    assert np.isfinite(np.delete(found.class_errors, 3, axis=0)).all()
    assert np.isfinite(found.overall).all()


def test_class_that_all_models_saw_is_left_out(target: SmallTask, tmp_path: Path) -> None:
    keep = known(tmp_path, 60).members.keep.copy()
    keep[:, 3], keep[:, 7] = True, False
    part = estimate(known(tmp_path, 60, keep), target)
    assert np.flatnonzero(~part.defined).tolist() == [3, 7]
    assert np.isfinite(part.overall).all()
    assert {3, 7}.isdisjoint(part.order().tolist())
    rows = influence_rows(make_planted_case().source, target, [part])
    assert len(rows) == 22


def test_rows(found: Estimate, target: SmallTask) -> None:
    source = make_planted_case().source
    rows = influence_rows(source, target, [found, replace_outcome(found)])
    assert len(rows) == 48
    assert rows[1] == {
        "source": "glyphs",
        "label": source.classes[1],
        "corpus": source.id,
        "dataset": target.id,
        "name": "influence_correct",
        "value": pytest.approx(found.overall[1], rel=1e-5),
        "standard_error": pytest.approx(found.errors[1], rel=1e-5),
        "num_models": 400,
    }
    assert {row["name"] for row in rows} == {"influence_correct", "influence_probability"}


def replace_outcome(found: Estimate) -> Estimate:
    return found._replace(outcome="probability")


def test_errors(target: SmallTask, tmp_path: Path) -> None:
    with pytest.raises(ZoographError, match=rf"must be one of {', '.join(OUTCOMES)} \(got 'luck'\)"):
        estimate(known(tmp_path, 60), target, "luck")
    with pytest.raises(ZoographError, match=r"needs at least 8 models \(got 7\)"):
        estimate(known(tmp_path, 7), target)
    same = np.tile(known(tmp_path, 1).members.keep, (9, 1))
    with pytest.raises(ZoographError, match="needs a model that saw the class and one that did not"):
        estimate(known(tmp_path, 9, same), replace(target))
