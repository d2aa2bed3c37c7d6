import math

import numpy as np
import pytest

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run, Score
from zoograph.data.records.zoo import Zoo
from zoograph.training.evaluation.score_quality import score_quality

ACCURACY = np.array([[0.5, 0.9, 0.3, 0.6], [0.6, 0.8, 0.2, 0.7], [0.7, 0.7, 0.4, 0.9], [0.8, 0.6, 0.5, 0.8]])
OTHERS, STRANGERS, PEERS = "model mean, other tasks", "model mean, other families", "task mean, other models"


def zoo(scores, accuracy=ACCURACY):
    models = [f"m{i}" for i in range(4)]
    datasets = [f"d{j}" for j in range(4)]
    every = [(m, d, i, j) for i, m in enumerate(models) for j, d in enumerate(datasets)]
    return Zoo.of(
        Collection(
            models=tuple(ModelCard(id=m, source="t") for m in models),
            datasets=tuple(DatasetCard(id=d, source="t", family=f"f{j // 2}") for j, d in enumerate(datasets)),
            runs=tuple(
                Run(source="t", model=m, dataset=d, protocol=Protocol.HEAD, value=accuracy[i, j])
                for m, d, i, j in every
            ),
            scores=tuple(
                Score(source="t", model=m, dataset=d, name=name, value=values[i, j])
                for name, values in scores.items()
                for m, d, i, j in every
                if not math.isnan(values[i, j])
            ),
        )
    )


def rows(*args, **kwargs):
    return {row.name: row for row in score_quality(zoo(*args, **kwargs))}


def test_a_score_that_orders_like_accuracy_has_tau_one_both_ways_and_its_negative_minus_one():
    found = rows({"right": ACCURACY**3, "wrong": -ACCURACY})
    for name, tau in (("right", 1.0), ("wrong", -1.0)):
        for agreement in (found[name].models, found[name].tasks):
            assert agreement.mean == pytest.approx(tau)
            assert agreement.standard_error == pytest.approx(0.0)
            assert (agreement.num_rankings, agreement.num_undefined) == (4, 0)
    assert list(found)[:2] == ["right", "wrong"]  # the best first


def test_rankings_of_models_and_of_tasks_are_kept_apart():
    by_model = np.repeat(np.arange(4.0)[:, None], 4, axis=1)
    found = rows({"model": by_model})["model"]
    # d0 rises with the model, d1 falls; the other two agree in five and four of six pairs.
    assert found.models.mean == pytest.approx((1 - 1 + 2 / 3 + 2 / 3) / 4)
    assert (found.tasks, found.num_pairs) == (None, 16)


def test_a_missing_score_is_left_out_and_too_short_a_ranking_is_counted():
    values = ACCURACY.copy()
    values[:2, 0] = np.nan
    found = rows({"s": values})["s"]
    assert (found.models.num_rankings, found.models.num_undefined, found.num_pairs) == (3, 1, 14)
    assert (found.tasks.num_rankings, found.tasks.num_undefined) == (4, 0)


def test_the_means_never_see_the_cell_that_they_rank():
    one, other = ACCURACY.copy(), ACCURACY.copy()
    other[:, 0] = other[::-1, 0]
    first, second = rows({"s": ACCURACY}, accuracy=one), rows({"s": ACCURACY}, accuracy=other)
    # Turned over, task d0 is ranked the other way round by what was measured on the other tasks.
    means = [np.delete(one, 0, axis=1).mean(1), np.delete(other, 0, axis=1).mean(1)]
    assert means[0] == pytest.approx(means[1])
    assert first[OTHERS].models.mean != second[OTHERS].models.mean
    assert (first[OTHERS].tasks, first[PEERS].models) == (None, None)


def test_the_mean_of_other_families_leaves_the_family_out():
    rising = np.linspace(0.5, 0.8, 4)[:, None]
    accuracy = np.concatenate([rising, rising, 0.6 - rising / 5, 0.6 - rising / 5], axis=1)
    found = rows({"s": ACCURACY}, accuracy=accuracy)
    assert found[STRANGERS].models.mean == pytest.approx(-1.0)
    assert found[OTHERS].models.mean == pytest.approx(0.0)  # the first family's other task outweighs the strangers
