"""What every registered score promises: one suite over the registry."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import fields, replace

import pytest
import torch
from torch import Tensor

from zoograph.data.errors import UnknownName
from zoograph.data.testing.pretend_device import PRETEND, PretendDevice
from zoograph.graphs.scores.compute import compute_scores
from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.lfc import lfc
from zoograph.graphs.scores.registry import SCORES, find_score, register_score
from zoograph.graphs.scores.undefined import UndefinedScore

every_score = pytest.mark.parametrize("name", SCORES)


def _make(
    seed: int = 0,
    num_samples: int = 60,
    num_features: int = 8,
    num_classes: int = 4,
    num_source: int = 5,
    separation: float = 1.0,
) -> ScoreInputs:
    """Features and source probabilities that both tell something about the class; classes are of unequal size."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    draws = torch.rand(num_samples, generator=generator).sqrt() * num_classes
    labels = torch.cat([torch.arange(num_classes), draws.long()])[:num_samples]
    centres = normal(num_classes, num_features)
    hints = 3 * torch.nn.functional.one_hot(labels % num_source, num_source)
    source_labels = torch.arange(num_samples) % num_source
    return ScoreInputs(
        separation * centres[labels] + normal(num_samples, num_features) + 0.5,
        labels,
        (separation * hints + normal(num_samples, num_source)).softmax(dim=1),
        centres[source_labels % num_classes] + normal(num_samples, num_features) + 0.5,
        source_labels,
    )


def _value(name: str, inputs: ScoreInputs) -> float:
    value = compute_scores(inputs, [name])[name]
    assert isinstance(value, float), value
    return value


def _assert_same(one: float | UndefinedScore, other: float | UndefinedScore, rel: float) -> None:
    if isinstance(one, UndefinedScore) or isinstance(other, UndefinedScore):
        assert str(one) == str(other)
    else:
        assert one == pytest.approx(other, rel=rel, abs=rel)


@every_score
@pytest.mark.parametrize("num_features", [8, 90])
def test_order_of_samples_does_not_matter(name: str, num_features: int) -> None:
    inputs = _make(num_features=num_features)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(1))
    assert inputs.source_probabilities is not None
    shuffled = replace(
        inputs,
        features=inputs.features[order],
        labels=inputs.labels[order],
        source_probabilities=inputs.source_probabilities[order],
    )
    rel = 1e-8 if name == "pactran_gauss" else 1e-9  # a search ends near the minimum, from any order elsewhere
    _assert_same(compute_scores(shuffled, [name])[name], compute_scores(inputs, [name])[name], rel)


@every_score
def test_names_of_classes_do_not_matter(name: str) -> None:
    inputs = _make()
    renamed = replace(inputs, labels=torch.tensor([70, -3, 12, 5])[inputs.labels])
    assert _value(name, renamed) == pytest.approx(_value(name, inputs), rel=1e-9)


@every_score
def test_float32_is_cast(name: str) -> None:
    inputs = _make()
    assert inputs.source_probabilities is not None
    assert inputs.source_features is not None
    single = replace(
        inputs,
        features=inputs.features.float(),
        source_probabilities=inputs.source_probabilities.float(),
        source_features=inputs.source_features.float(),
    )
    value = _value(name, single)
    assert value == pytest.approx(_value(name, inputs), rel=1e-4)
    assert single.source_probabilities is not None
    assert single.source_features is not None
    cast = replace(
        single,
        features=single.features.double(),
        source_probabilities=single.source_probabilities.double(),
        source_features=single.source_features.double(),
    )
    assert value == pytest.approx(_value(name, cast), rel=1e-9)


@every_score
def test_higher_is_better(name: str) -> None:
    inputs = _make(num_samples=200)
    order = torch.randperm(200, generator=torch.Generator().manual_seed(2))
    assert _value(name, inputs) > _value(name, replace(inputs, labels=inputs.labels[order]))


@every_score
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("num_features", [8, 90])
def test_device_does_not_matter(name: str, num_features: int) -> None:
    inputs = _make(num_features=num_features)
    moved = _moved(inputs, torch.device("cuda"))
    _assert_same(compute_scores(moved, [name])[name], compute_scores(inputs, [name])[name], 1e-6)


@every_score
@pytest.mark.parametrize("num_features", [8, 90])
def test_it_is_computed_where_the_features_are(name: str, num_features: int) -> None:
    inputs = _make(num_features=num_features)
    with PretendDevice():
        value = compute_scores(_moved(inputs, PRETEND), [name])[name]
    _assert_same(value, compute_scores(inputs, [name])[name], 1e-12)


def _moved(inputs: ScoreInputs, device: torch.device) -> ScoreInputs:
    parts = (getattr(inputs, field.name) for field in fields(inputs))
    return ScoreInputs(*(None if part is None else part.to(device) for part in parts))


def _column(value: float) -> Callable[[Tensor], Tensor]:
    def change(features: Tensor) -> Tensor:
        return torch.cat([features[:, 1:], torch.full_like(features[:, :1], value)], dim=1)

    return change


def _with_features(change: Callable[[Tensor], Tensor]) -> Callable[[], ScoreInputs]:
    def make() -> ScoreInputs:
        inputs = _make()
        return replace(inputs, features=change(inputs.features))

    return make


def _with_labels(labels: list[int]) -> Callable[[], ScoreInputs]:
    def make() -> ScoreInputs:
        inputs = _make(num_samples=len(labels), num_classes=2)
        return replace(inputs, labels=torch.tensor(labels))

    return make


def _with_probabilities(change: Callable[[Tensor], Tensor]) -> Callable[[], ScoreInputs]:
    def make() -> ScoreInputs:
        inputs = _make()
        assert inputs.source_probabilities is not None
        return replace(inputs, source_probabilities=change(inputs.source_probabilities))

    return make


def _without_first_class(probabilities: Tensor) -> Tensor:
    rest = probabilities[:, 1:]
    return torch.cat([torch.zeros_like(probabilities[:, :1]), rest / rest.sum(dim=1, keepdim=True)], dim=1)


def _twice(inputs: ScoreInputs) -> ScoreInputs:
    assert inputs.source_probabilities is not None
    return replace(
        inputs,
        features=inputs.features.repeat(2, 1),
        labels=inputs.labels.repeat(2),
        source_probabilities=inputs.source_probabilities.repeat(2, 1),
    )


def _exact_classes() -> ScoreInputs:
    inputs = _make()
    return replace(inputs, features=torch.nn.functional.one_hot(inputs.labels, 8).double())


HARD: dict[str, Callable[[], ScoreInputs]] = {
    "a constant feature": _with_features(_column(0.1)),
    "a zero feature": _with_features(_column(0.0)),
    "all features constant": _with_features(lambda x: x[:1].expand_as(x)),
    "all features constant in float32": _with_features(lambda x: torch.full_like(x, 0.1).float()),
    "all features zero": _with_features(torch.zeros_like),
    "all samples of one sum": _with_features(lambda x: x.softmax(dim=1)),
    "a feature twice": _with_features(lambda x: torch.cat([x, x[:, :1]], dim=1)[:, 1:].repeat(1, 2)[:, :8]),
    "one feature": lambda: _make(num_features=1),
    "huge features": _with_features(lambda x: 1e37 * x),
    "large features": _with_features(lambda x: 1e6 * x),
    "tiny features": _with_features(lambda x: 1e-30 * x),
    "features far from the origin": _with_features(lambda x: x + 1e6),
    "features that are the class": _exact_classes,
    "one feature is an outlier": _with_features(lambda x: x * torch.tensor([1e8] + [1.0] * 7)),
    "each sample twice": lambda: _twice(_make()),
    "each of few samples twice": lambda: _twice(_make(num_samples=20, num_features=90)),
    "fewer samples than features": lambda: _make(num_features=90),
    "as many samples as features": lambda: _make(num_features=60),
    "two samples": _with_labels([0, 1]),
    "three samples": _with_labels([0, 1, 1]),
    "every sample a class": _with_labels([3, 1, 0, 2, 7]),
    "a class of one sample": _with_labels([0] * 30 + [1]),
    "two classes apart": lambda: _make(num_classes=2, separation=50.0),
    "a source class without mass": _with_probabilities(_without_first_class),
    "certain source classes": _with_probabilities(lambda p: torch.nn.functional.one_hot(p.argmax(dim=1), 5).double()),
    "one certain source class": _with_probabilities(
        lambda p: torch.eye(5, dtype=torch.float64)[torch.zeros(60).long()]
    ),
    "the same source probabilities": _with_probabilities(lambda p: torch.full_like(p, 0.2)),
    "a sample without probabilities": _with_probabilities(lambda p: torch.cat([torch.zeros_like(p[:1]), p[1:]])),
    "one source class": _with_probabilities(lambda p: torch.ones_like(p[:, :1])),
}


@every_score
@pytest.mark.parametrize("case", HARD)
def test_hard_inputs_give_a_number_or_a_reason(name: str, case: str) -> None:
    inputs = HARD[case]()
    value = compute_scores(inputs, [name])[name]
    if isinstance(value, UndefinedScore):
        assert value.reason
        with pytest.raises(UndefinedScore, match=re.escape(value.reason)):
            SCORES[name].compute(inputs)
    else:
        assert math.isfinite(value)
        assert SCORES[name].compute(HARD[case]()) == value


@every_score
def test_registry_says_what_people_need(name: str) -> None:
    spec = SCORES[name]
    assert spec.name == name
    assert name.replace("_", "").isalnum()
    assert name == name.lower()
    assert spec.title
    assert spec.paper[-4:].isdigit()
    assert spec.needs <= {"source_probabilities", "source_task"}


def test_a_score_is_found_by_its_name_and_an_unknown_one_by_its_neighbours() -> None:
    assert find_score("leep") is SCORES["leep"]
    with pytest.raises(UnknownName, match=r"Unknown score 'logmee'\. Nearest names: logme"):
        find_score("logmee")


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match="The score name 'lfc' is taken"):
        register_score(lfc)
