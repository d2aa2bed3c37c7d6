"""The made-up zoo: its truth is known, and what is measured scatters around it as images do."""

from __future__ import annotations

import numpy as np
import pytest

from zoograph.data.records.records import Protocol
from zoograph.data.records.zoo import RELATION_COLUMNS, RUN_COLUMNS, SCORE_COLUMNS
from zoograph.data.testing.synthetic_zoo import SyntheticZoo, make_synthetic_zoo


@pytest.fixture(scope="module")
def made() -> SyntheticZoo:
    return make_synthetic_zoo(num_models=20, num_datasets=200, scored=0.5, num_relations=30, seed=1)


def _at(made: SyntheticZoo) -> tuple[np.ndarray, np.ndarray]:
    models = {name: i for i, name in enumerate(made.zoo.models)}
    datasets = {name: j for j, name in enumerate(made.zoo.datasets)}
    runs = made.zoo.runs
    return runs["model"].map(models).to_numpy(int), runs["dataset"].map(datasets).to_numpy(int)


def test_every_pair_is_measured_once_and_the_corpus_never(made: SyntheticZoo) -> None:
    assert made.truth.shape == (20, 200)
    assert ((made.truth > 0) & (made.truth < 1)).all()
    assert len(made.zoo.runs) == len(made.zoo.runs[["model", "dataset"]].drop_duplicates()) == 4000
    assert list(made.zoo.datasets)[-1] == "corpus"
    assert "corpus" not in set(made.zoo.runs["dataset"])


def test_columns_are_those_of_a_snapshot(made: SyntheticZoo) -> None:
    zoo = made.zoo
    for frame, columns in (
        (zoo.runs, RUN_COLUMNS),
        (zoo.scores, SCORE_COLUMNS),
        (zoo.relations, RELATION_COLUMNS),
    ):
        assert tuple(frame.columns) == columns
    assert set(zoo.runs["model"]) <= set(zoo.models)
    assert set(zoo.runs["dataset"]) <= set(zoo.datasets)
    assert set(zoo.runs["protocol"]) == {"head"}


def test_values_are_whole_numbers_of_images(made: SyntheticZoo) -> None:
    images = made.zoo.runs["value"] * made.zoo.runs["test_size"]
    assert np.allclose(images, images.round(), atol=1e-9)
    sizes = made.zoo.runs.groupby("dataset")["test_size"].first()
    assert all(made.zoo.datasets[name].num_samples == size for name, size in sizes.items())


def test_noise_has_the_size_of_binomial_noise(made: SyntheticZoo) -> None:
    truth = made.truth[_at(made)]
    runs = made.zoo.runs
    z = (runs["value"] - truth) / np.sqrt(truth * (1 - truth) / runs["test_size"])
    assert abs(z.mean()) < 4 / np.sqrt(len(z))
    # The variance of z is 1, and its own standard error about the root of 2 / n.
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / len(z))


def test_scores_follow_the_truth(made: SyntheticZoo) -> None:
    scores = made.zoo.scores
    assert 0.45 < len(scores) / made.truth.size < 0.55
    models = {name: i for i, name in enumerate(made.zoo.models)}
    datasets = {name: j for j, name in enumerate(made.zoo.datasets)}
    truth = made.truth[scores["model"].map(models), scores["dataset"].map(datasets)]
    assert abs((scores["value"] - truth).std() - 0.05) < 0.005


def test_relations_are_distinct_pairs(made: SyntheticZoo) -> None:
    pairs = {frozenset(pair) for pair in made.zoo.relations[["dataset", "other"]].itertuples(index=False)}
    assert len(pairs) == len(made.zoo.relations) <= 30
    assert all(len(pair) == 2 for pair in pairs)


def test_the_seed_decides_everything() -> None:
    one, two, other = (make_synthetic_zoo(5, 9, scored=0.5, num_relations=4, seed=seed) for seed in (3, 3, 4))
    assert one.zoo.fingerprint() == two.zoo.fingerprint() != other.zoo.fingerprint()
    assert np.array_equal(one.truth, two.truth)


def test_density_and_protocol() -> None:
    made = make_synthetic_zoo(20, 100, density=0.3, protocol=Protocol.FINETUNE)
    assert 0.25 < len(made.zoo.runs) / 2000 < 0.35
    assert set(made.zoo.runs["protocol"]) == {"finetune"}
    assert made.zoo.scores.empty
    assert made.zoo.relations.empty
