"""MIEB's probe: draws, the images that are looked at, and accuracies as a plain loop over scikit-learn has them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression

from zoograph.data.images.task import ImageTask, make_task
from zoograph.data.networks.features import extract_features
from zoograph.data.networks.weights import RANDOM, PretrainedModel, load_pretrained
from zoograph.data.records.pretraining import Objective
from zoograph.training.campaigns.probe import draw, draw_rows, embed, fit_and_test, probe

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def model() -> PretrainedModel:
    return load_pretrained("test_vit", RANDOM)


def _task(train: int = 40, test: int = 20) -> ImageTask:
    def read(row: int) -> Image.Image:
        noise = np.random.default_rng(row).integers(0, 200, (8, 8, 3), dtype=np.uint8)
        noise[..., row % 2] += 25
        return Image.fromarray(noise)

    size = train + test
    is_test = [row >= train for row in range(size)]
    return make_task("pets", "x", ["a", "b"], [f"{row}" for row in range(size)], [0, 1] * (size // 2), read, is_test)


def test_draws_take_so_many_of_each_class_and_differ() -> None:
    labels = [0] * 50 + [1] * 3 + [2] * 40
    draws = draw_rows(labels, "pets")
    assert [len(rows) for rows in draws] == [16 + 3 + 16] * 5
    assert all(np.bincount(np.array(labels)[rows]).tolist() == [16, 3, 16] for rows in draws)
    assert len({tuple(rows) for rows in draws}) == 5
    assert all((one == other).all() for one, other in zip(draws, draw_rows(labels, "pets"), strict=True))
    assert (draw_rows(labels, "cars")[0] != draws[0]).any()


def test_only_what_is_drawn_or_tested_on_is_looked_at() -> None:
    drawn = draw(_task(200, 20), shots=3, repeats=2)
    assert len(drawn.task) <= 2 * 3 * 2 + 20
    assert drawn.task.is_test is not None
    assert [row for row, test in enumerate(drawn.task.is_test) if test] == list(drawn.tested)
    assert all(len(rows) == 6 and not set(rows) & set(drawn.tested) for rows in drawn.draws)


def test_accuracies_are_those_of_a_plain_loop(model: PretrainedModel) -> None:
    task = _task()
    result = probe(model, draw(task), CPU)
    x = extract_features(model, task).features.double().numpy()
    y = np.array(task.labels)
    expected = []
    for rows in draw_rows(list(task.labels[:40]), "pets"):
        fitted = LogisticRegression(max_iter=100).fit(x[rows], y[rows])
        expected.append((fitted.predict(x[40:]) == y[40:]).mean())
    assert result.accuracies == pytest.approx(expected)
    assert (result.num_train, result.num_test, result.embedding) == (32, 20, "pooled")
    assert result.mean == pytest.approx(np.mean(expected))
    assert result.spread == pytest.approx(np.std(expected, ddof=1))


def test_labels_of_the_test_images_do_not_reach_the_fit() -> None:
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(40, 5)), rng.normal(size=(400, 5))
    labels, planted = np.arange(40) % 2, np.arange(400) % 2
    right = fit_and_test(train, labels, test, planted)
    assert fit_and_test(train, labels, test, 1 - planted) == pytest.approx(1 - right)


def test_image_text_models_are_probed_where_images_meet_texts(model: PretrainedModel) -> None:
    features = torch.randn(3, model.network.num_features)
    projection = model.network.get_classifier()
    clip = replace(model, card=model.card.model_copy(update={"objective": Objective.IMAGE_TEXT, "pretrained_on": None}))
    tuned = replace(clip, card=clip.card.model_copy(update={"pretrained_on": "imagenet"}))
    projected, kind = embed(clip, features)
    assert kind == "projected"
    assert torch.equal(projected, projection(features))
    assert embed(tuned, features) == (features, "pooled")
    assert embed(model, features) == (features, "pooled")
