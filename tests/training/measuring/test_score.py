"""Scores of own pairs: which are computed, which are known already, and what is stored."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.images.masks import MaskTask
from zoograph.data.images.sources import open_local
from zoograph.data.images.task import ImageTask, make_task
from zoograph.data.networks.dense import extract_pixels
from zoograph.data.networks.features import extract_features
from zoograph.data.networks.weights import RANDOM, load_pretrained
from zoograph.data.records.collection import Collection
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.task import Values
from zoograph.data.testing.shapes import write_shapes
from zoograph.graphs.scores.logme import logme, logme_regression
from zoograph.graphs.scores.registry import SCORES
from zoograph.training.measuring import score as module
from zoograph.training.measuring.score import require_known, score_models
from zoograph.training.measuring.subject import Subject


def _task() -> ImageTask:
    def read(row: int) -> Image.Image:
        noise = np.random.default_rng(row).integers(0, 120, (8, 8, 3), dtype=np.uint8)
        noise[..., row % 2] += 120
        return Image.fromarray(noise)

    return make_task("pictures", "x", ["cat", "dog"], [f"{i}.png" for i in range(20)], [0, 1] * 10, read)


@pytest.fixture(autouse=True)
def _own_pair(toy_zoo: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task in memory, and networks with random weights."""
    monkeypatch.setattr("zoograph.training.measuring.subject.open_task", lambda *_: _task())
    monkeypatch.setattr(
        "zoograph.data.networks.encoders.load_pretrained", lambda name, *_: load_pretrained(name, RANDOM)
    )


SUBJECT = Subject(["test_vit"], "pictures")


def test_scores_are_stored_once_and_known_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def counted(inputs: Any, names: list[str], _: object) -> Any:
        asked.append(list(names))
        return compute(inputs, names)

    compute = module.compute_scores
    monkeypatch.setattr(module, "compute_scores", counted)
    ask = partial(score_models, SUBJECT)
    first, again, more = ask(["logme"]), ask(["logme"]), ask(["logme", "h_score"])
    fresh = score_models(SUBJECT, ["logme"], fresh=True)
    assert asked == [["logme"], ["h_score"], ["logme"]]
    assert [report.pairs[0].num_computed for report in (first, again, more, fresh)] == [1, 0, 1, 1]
    assert {report.pairs[0].scores["logme"] for report in (first, again, more, fresh)} == {
        first.pairs[0].scores["logme"]
    }
    with RecordStore.open() as store:
        rows = store.snapshot().scores
        assert store.batches()[0].origin == "score"
    assert sorted(rows["name"]) == ["h_score", "logme"]
    assert (first.dataset, first.num_images, first.num_samples) == ("pictures", 20, 20)


def test_without_names_every_score_that_the_model_allows_is_computed() -> None:
    steps: list[tuple[int, int]] = []
    (pair,) = score_models(SUBJECT, progress=lambda *step: steps.append(step)).pairs
    assert {"logme", "leep", "nce"} <= pair.scores.keys() | pair.undefined.keys()
    assert not {"otce"} & (pair.scores.keys() | pair.undefined.keys())  # it needs images of the source task
    assert steps[-1] == (1, 1)
    shares = [done / total for done, total in steps]
    assert shares == sorted(shares)
    assert len({share for share in shares if 0.9 < share < 1}) == len(pair.scores | pair.undefined) - 1


def test_a_network_whose_features_are_no_numbers_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str, *_: object) -> Any:
        model = load_pretrained(name, RANDOM)
        for parameter in model.network.parameters():
            parameter.data.fill_(float("nan"))
        return model

    monkeypatch.setattr("zoograph.data.networks.encoders.load_pretrained", broken)
    report = score_models(SUBJECT, ["logme"])
    assert report.pairs == ()
    assert report.failures[0].model == "test_vit"
    assert "undefined" in report.failures[0].reason


def test_an_unknown_score_is_found_out_first() -> None:
    with pytest.raises(UnknownName, match=r"Unknown score 'logmee'\. Nearest names: logme"):
        score_models(SUBJECT, ["logmee"])
    require_known(["logme", "leep"])


def test_a_reference_lets_two_tasks_be_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        module, "open_task", lambda name, modality: _task() if name == "pictures" else _task().take(range(12))
    )
    report = score_models(SUBJECT, ["otce", "ot_nce", "logme"], reference="others")
    (pair,) = report.pairs
    assert pair.scores.keys() == {"otce", "ot_nce", "logme"}
    assert pair.scores["otce"] < pair.scores["ot_nce"] <= 0
    assert report.reference == "pictures"
    assert any("they are not stored" in note for note in report.notes)
    with RecordStore.open() as store:
        assert list(store.snapshot().scores["name"]) == ["logme"]
    same = score_models(SUBJECT, ["otce", "ot_nce"], reference="pictures").pairs[0]
    assert same.scores == pytest.approx({"otce": 0.0, "ot_nce": 0.0}, abs=1e-6)
    everything = score_models(SUBJECT, reference="others").pairs[0]
    assert {"otce", "ot_nce", "leep"} <= everything.scores.keys() | everything.undefined.keys()


def test_without_a_reference_it_is_said_what_to_add() -> None:
    with pytest.raises(
        ZoographError, match=r"'ot_nce' compares the dataset with the task .* Add it with '--reference'"
    ):
        score_models(SUBJECT, ["logme", "ot_nce"])


# -- other targets ------------------------------------------------------------------------------------


def _values() -> ImageTask:
    numbers = tuple(float(row) ** 2 for row in range(20))
    return replace(_task(), classes=(), values=Values("price", numbers))


def test_real_values_have_scores_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoograph.training.measuring.subject.open_task", lambda *_: _values())
    (pair,) = (report := score_models(SUBJECT)).pairs
    seen = extract_features(load_pretrained("test_vit", RANDOM), _values())
    assert seen.values is not None
    assert seen.values.tolist() == [row**2 for row in range(20)]
    assert pair.scores["logme"] == pytest.approx(logme_regression(seen.features, seen.values[:, None]))
    assert pair.undefined.keys() == {"h_score"}  # 64 features explain 20 samples exactly
    assert any("'logme_regression' and so on" in note for note in report.notes)
    assert "The other scores need classes." in report.notes
    with RecordStore.open() as store:
        assert sorted(store.snapshot().scores["name"]) == ["logme_regression", "regularized_h_score_regression"]
    again = score_models(SUBJECT, ["logme"]).pairs[0]
    assert (again.scores["logme"], again.num_computed) == (pair.scores["logme"], 0)


def test_the_same_pair_with_classes_keeps_its_own_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    of_classes = score_models(SUBJECT, ["logme"]).pairs[0]
    monkeypatch.setattr("zoograph.training.measuring.subject.open_task", lambda *_: _values())
    of_values = score_models(SUBJECT, ["logme"]).pairs[0]
    assert (of_values.num_computed, of_values.scores["logme"] != of_classes.scores["logme"]) == (1, True)


@pytest.mark.parametrize("name", [name for name, spec in SCORES.items() if spec.of_values is None and not spec.needs])
def test_every_other_score_says_that_it_needs_classes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoograph.training.measuring.subject.open_task", lambda *_: _values())
    known = r"Ask for logme, h_score, regularized_h_score\."
    with pytest.raises(ZoographError, match=rf"'{name}' needs classes \(got real values\)\. {known}"):
        score_models(SUBJECT, ["logme", name])


def test_a_reference_needs_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoograph.training.measuring.subject.open_task", lambda *_: _values())
    with pytest.raises(ZoographError, match=r"compared with classes \(got real values\)"):
        score_models(SUBJECT, ["logme"], reference="pictures")


def test_places_of_maps_have_the_classes_of_their_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = open_local(write_shapes(tmp_path / "shapes", 12).parent)
    assert isinstance(task, MaskTask)
    monkeypatch.setattr("zoograph.training.measuring.subject.open_task", lambda *_: task)
    subject = replace(SUBJECT, dataset=str(tmp_path / "shapes"))
    (pair,) = (report := score_models(subject, num_pixels=300)).pairs
    seen = extract_pixels(load_pretrained("test_vit", RANDOM), task, num_pixels=300)
    assert pair.scores["logme"] == pytest.approx(logme(seen.features, seen.labels))
    assert not {"leep", "nce", "otce"} & (pair.scores.keys() | pair.undefined.keys())
    assert any("300 places of its last map of features" in note and "seed 0" in note for note in report.notes)
    with RecordStore.open() as store:
        rows = store.snapshot().scores
    assert all(name.endswith("_pixels") for name in rows["name"])
    assert set(rows["source"].str.endswith(", 300 pixels, seed 0")) == {True}
    assert score_models(subject, ["logme"], num_pixels=300).pairs[0].num_computed == 0
    assert score_models(subject, ["logme"], num_pixels=200).pairs[0].num_computed == 1
    with pytest.raises(ZoographError, match=r"'leep' needs what a model says of whole images"):
        score_models(subject, ["leep"])
