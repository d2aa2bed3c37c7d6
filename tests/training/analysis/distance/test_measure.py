"""Three checkpoints of an own pair: made once, compared from then on, and found by model and dataset."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from torch import Tensor

from zoograph.data.errors import ZoographError
from zoograph.data.images.task import ImageTask, make_task
from zoograph.data.networks.blocks import Grouping
from zoograph.data.networks.weights import RANDOM, load_pretrained, random_network
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import PARAMETER_DISTANCE, Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.graphs.scores.analysis.parameter_distance import Norm
from zoograph.training.analysis.distance import measure as module
from zoograph.training.analysis.distance.compare import How
from zoograph.training.analysis.distance.measure import find_distance, measure_distance
from zoograph.training.measuring.measure import MeasureReport
from zoograph.training.measuring.subject import Failure, Subject

NAME = "test_vit"
SUBJECT = Subject([NAME], "pictures")


def _task() -> ImageTask:
    def read(row: int) -> Image.Image:
        return Image.new("RGB", (2, 2), (row, 0, 0))

    return make_task("pictures", "x", ["cat", "dog"], [f"{i}.png" for i in range(4)], [0, 1] * 2, read)


@pytest.fixture
def tuned(toy_zoo: Collection, monkeypatch: pytest.MonkeyPatch) -> list[Subject]:
    """What was fine-tuned; tuning moves weights a quarter of the way to those of seed 3."""
    asked: list[Subject] = []
    pretrained = random_network(NAME, 5).state_dict()

    def load(name: str, _: object = None) -> Any:
        model = load_pretrained(name, RANDOM)
        model.network.load_state_dict(pretrained)
        return model

    def tune(subject: Subject, protocol: Protocol, *given: Any) -> MeasureReport:
        asked.append(subject)
        model, goal = load(NAME), random_network(NAME, 3).state_dict()
        run = Run(source="zoograph", model="own", dataset="pictures", protocol=protocol, value=0.75)
        weights: dict[str, Tensor] = {name: (goal[name] + 3 * pretrained[name]) / 4 for name in goal}
        given[-1](model, run, weights, ())
        return MeasureReport("pictures", (run,), (), ())

    monkeypatch.setattr("zoograph.training.measuring.subject.open_task", lambda *_: _task())
    monkeypatch.setattr(module, "load_pretrained", load)
    monkeypatch.setattr(module, "measure_models", tune)
    monkeypatch.setattr(module, "known_model", lambda store, card: ("own", (card.model_copy(update={"id": "own"}),)))
    return asked


def test_the_ratio_is_known_and_stored_once(tuned: list[Subject]) -> None:
    found = measure_distance(SUBJECT)
    again = measure_distance(SUBJECT)
    assert len(tuned) == 1
    assert again == found
    assert (found.model, found.dataset, found.accuracy, found.is_stored) == ("own", "pictures", 0.75, True)
    with RecordStore.open() as store:
        zoo = store.snapshot()
    (row,) = zoo.scores[zoo.scores["name"] == PARAMETER_DISTANCE].itertuples()
    assert (row.model, row.dataset) == ("own", "pictures")
    assert row.value == pytest.approx(found.log_transferability)
    assert (zoo.runs["model"] == "own").sum() == 1


def test_the_goal_as_random_weights_gives_three(tuned: list[Subject]) -> None:
    found = measure_distance(SUBJECT, seed=3)
    assert found.transferability == pytest.approx(3.0, rel=1e-4)
    assert found.log_transferability == pytest.approx(math.log(3), rel=1e-4)
    assert not found.is_stored  # of seed 0 alone


@pytest.mark.parametrize("how", [How(Grouping.STAGES), How(norm=Norm.L2)])
def test_another_kind_of_distance_is_not_stored(tuned: list[Subject], how: How) -> None:
    assert not measure_distance(SUBJECT, how).is_stored
    with RecordStore.open() as store:
        assert len(store.snapshot().scores) == 0


def test_a_pair_is_found_by_its_ids(tuned: list[Subject], caplog: pytest.LogCaptureFixture) -> None:
    assert find_distance("own", "pictures") is None
    found = measure_distance(SUBJECT)
    known = find_distance("own", "pictures")
    assert known is not None
    assert (known.blocks, known.folder) == (found.blocks, found.folder)
    assert find_distance("own", "others") is None
    (path,) = Path(str(found.folder)).glob("finetuned*")
    path.write_bytes(path.read_bytes()[:10])
    assert find_distance("own", "pictures") is None
    assert "damaged and passed over" in caplog.text


@pytest.mark.parametrize("name", ["pretrained.safetensors", "finetuned.safetensors", "random-0.safetensors"])
def test_a_checkpoint_that_is_damaged_is_made_anew(tuned: list[Subject], name: str) -> None:
    found = measure_distance(SUBJECT)
    path = Path(str(found.folder)) / name
    path.write_bytes(path.read_bytes()[:-1])
    assert measure_distance(SUBJECT) == found
    assert len(tuned) == (1 if name.startswith("random") else 2)


def test_what_cannot_be_tuned_is_an_error(tuned: list[Subject], monkeypatch: pytest.MonkeyPatch) -> None:
    failed = MeasureReport("pictures", (), (), (Failure(NAME, "It is too large."),))
    monkeypatch.setattr(module, "measure_models", lambda *_: failed)
    with pytest.raises(ZoographError, match=r"^It is too large\.$"):
        measure_distance(SUBJECT)
