"""Influences against the authors' figures, a loop, and what they may not depend on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from zoograph.graphs.scores.analysis.influence import (
    InfluenceSums,
    group_means,
    influence,
    reliability,
    standard_errors,
)
from zoograph.graphs.scores.undefined import UndefinedScore

GOLDEN = Path(__file__).parents[1] / "golden"


def random_case(models: int = 23, units: int = 7, examples: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    return rng.random((models, units)) < 0.5, rng.normal(size=(models, examples))


def test_published_values() -> None:
    with np.load(GOLDEN / "influence.npz", allow_pickle=False) as stored:
        masks, margins, wanted = stored["masks"].astype(bool), stored["margins"], stored["influence"]
    found = influence(masks, margins)
    assert np.allclose(found.values, wanted, rtol=0, atol=1e-6)
    published = json.loads((GOLDEN / "influence.json").read_text(encoding="utf-8"))["values"]
    assert np.linalg.norm(found.values) == pytest.approx(published["frobenius"], rel=1e-7)
    assert found.values[3, 7] == pytest.approx(published["3,7"], rel=1e-6)
    assert found.values[14, 0] == pytest.approx(published["14,0"], rel=1e-6)
    # Published from sums in float32: the mean of 300 values of either sign is known to 1e-8 of their size.
    assert found.values.mean() == pytest.approx(published["mean"], abs=1e-7)
    assert (found.num_in + found.num_out == 60).all()
    assert (found.num_in == masks.sum(0)).all()


def test_as_a_loop_says() -> None:
    masks, outcomes = random_case()
    found = influence(masks, outcomes)
    for unit in range(masks.shape[1]):
        for example in range(outcomes.shape[1]):
            inside = [outcomes[k, example] for k in range(len(masks)) if masks[k, unit]]
            outside = [outcomes[k, example] for k in range(len(masks)) if not masks[k, unit]]
            wanted = sum(inside) / len(inside) - sum(outside) / len(outside)
            assert found.values[example, unit] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("block", [1, 5, 1000])
def test_in_blocks_of_any_size_and_any_order_of_models(block: int) -> None:
    masks, outcomes = random_case()
    order = np.random.default_rng(0).permutation(len(masks))
    assert np.allclose(
        influence(masks[order], outcomes[order], block).values, influence(masks, outcomes).values, atol=1e-13
    )


def test_blocks_of_uneven_sizes_add_up() -> None:
    masks, outcomes = random_case()
    sums = InfluenceSums(masks.shape[1], outcomes.shape[1])
    for part in (slice(0, 2), slice(2, 20), slice(20, None)):
        sums.add(masks[part], outcomes[part])
    assert np.allclose(sums.result().values, influence(masks, outcomes).values, atol=1e-13)


def test_follows_units_and_examples() -> None:
    masks, outcomes = random_case()
    found = influence(masks[:, ::-1], outcomes[:, ::-1]).values
    assert np.allclose(found, influence(masks, outcomes).values[::-1, ::-1])


def test_shift_and_scale_of_outcomes() -> None:
    masks, outcomes = random_case()
    assert np.allclose(influence(masks, 3 * outcomes + 7).values, 3 * influence(masks, outcomes).values)


def test_class_that_is_always_or_never_in_is_reported_and_never_nan() -> None:
    masks, outcomes = random_case()
    masks[:, 2], masks[:, 4] = True, False
    found = influence(masks, outcomes)
    assert found.defined.tolist() == [True, True, False, True, False, True, True]
    assert np.isfinite(found.values).all()
    assert (found.values[:, ~found.defined] == 0).all()
    assert (found.num_out[2], found.num_in[4]) == (0, 0)
    errors = standard_errors(masks, outcomes, draws=50)
    assert np.isinf(errors[:, ~found.defined]).all()
    assert np.isfinite(errors[:, found.defined]).all()


@pytest.mark.parametrize("models", [1, 4])
def test_impossible(models: int) -> None:
    with pytest.raises(UndefinedScore, match=rf"needs a model that saw the class .*got {models} models"):
        influence(np.ones((models, 3), dtype=bool), np.zeros((models, 2)))


def test_bad_input() -> None:
    masks, outcomes = random_case()
    with pytest.raises(ValueError, match=r"'masks' must be \(M, U\) and 'outcomes' \(M, N\)"):
        influence(masks[:-1], outcomes)
    with pytest.raises(ValueError, match="must be finite"):
        influence(masks, np.where(outcomes > 1, np.nan, outcomes))
    with pytest.raises(ValueError, match=r"must be bool \(M, U\)"):
        standard_errors(masks.astype(int), outcomes)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"a block must be \(M, 2\)"):
        InfluenceSums(2, 5).add(masks, outcomes)


def test_standard_errors_are_those_of_a_difference_of_means() -> None:
    rng = np.random.default_rng(1)
    masks = np.array([rng.permutation(10) < 5 for _ in range(300)])
    outcomes = rng.normal(size=(300, 2)) * np.array([1.0, 0.1])
    found = standard_errors(masks, outcomes, draws=2000)
    for example in range(2):
        for unit in range(10):
            parts = outcomes[masks[:, unit], example], outcomes[~masks[:, unit], example]
            wanted = np.sqrt(sum(part.var(ddof=1) / len(part) for part in parts))
            assert found[example, unit] == pytest.approx(wanted, rel=0.1)


def test_standard_errors_as_a_loop_says() -> None:
    masks, outcomes = random_case(models=12)
    draws = np.random.default_rng(5).multinomial(12, np.full(12, 1 / 12), size=40)
    values = np.array([influence(masks.repeat(draw, axis=0), outcomes.repeat(draw, axis=0)).values for draw in draws])
    usable = np.array([influence(masks.repeat(draw, axis=0), outcomes.repeat(draw, axis=0)).defined for draw in draws])
    found = standard_errors(masks, outcomes, draws=40, seed=5)
    for unit in range(masks.shape[1]):
        assert np.allclose(found[:, unit], values[usable[:, unit], :, unit].std(axis=0, ddof=1))


def test_means_of_groups_have_the_mean_influence() -> None:
    masks, outcomes = random_case(examples=6)
    groups = np.array([0, 1, 0, 2, 2, 0])
    by_example = influence(masks, outcomes).values
    found = influence(masks, group_means(outcomes, groups)).values
    for group in range(3):
        assert np.allclose(found[group], by_example[groups == group].mean(axis=0))


def test_reliability() -> None:
    assert reliability(np.array([1.0, -1.0]), np.array([0.5, 0.5])) == pytest.approx(0.75)
    assert reliability(np.array([0.1, -0.1]), np.array([0.5, 0.5])) == 0.0
    assert reliability(np.zeros(3), np.ones(3)) == 0.0
